import { expect, it } from 'vitest'
import { describeThrown, stackOf } from '../../src/errors/describe-thrown.ts'

const nameless = Object.assign(new Error('nameless'), { name: Symbol('no text') })
const unreadable = Object.defineProperty(new Error('x'), 'message', {
  get: () => {
    throw new Error('not now')
  },
})

it.each([
  ['RangeError: too far', new RangeError('too far')],
  ['just a text', 'just a text'],
  ['Symbol(s)', Symbol('s')],
  ['undefined', undefined],
  ['an object', { toString: () => 'never asked' }],
  ['an object', Object.create(null) as object],
  ['what cannot be read', nameless],
  ['what cannot be read', unreadable],
])('"%s" describes what was thrown', (text, thrown) => {
  expect(describeThrown(thrown)).toBe(text)
})

it('a stack is told of as far as there is one that can be read', () => {
  const error = new Error('x')
  const withoutText = Object.assign(new Error('x'), { stack: [] })
  const hidden = Object.defineProperty(new Error('x'), 'stack', {
    get: () => {
      throw new Error('not now')
    },
  })
  expect(stackOf(error)).toBe(error.stack)
  for (const thrown of ['x', withoutText, hidden]) expect(stackOf(thrown)).toBeUndefined()
})
