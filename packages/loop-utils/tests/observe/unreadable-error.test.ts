import { expect, it } from 'vitest'
import { callSafely } from '../../src/observe/index.ts'
import { warning } from '../warning.ts'

const unreadable = (field: string): Error =>
  Object.defineProperty(new Error('x'), field, {
    get: () => {
      throw new Error(`no ${field} here`)
    },
  })

it.each([
  ['a message', unreadable('message'), 'what cannot be read'],
  ['a name', Object.assign(new Error('x'), { name: Symbol('name') }), 'what cannot be read'],
  ['a stack', unreadable('stack'), 'Error: x'],
])('an error without %s that can be read is told of all the same', async (_, error, shown) => {
  const warned = warning('a callback threw')
  callSafely('a callback', () => {
    throw error
  })
  expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR', message: `a callback threw ${shown}` })
})
