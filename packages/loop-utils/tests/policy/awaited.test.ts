import { describe, expect, it } from 'vitest'
import { isThenable } from '../../src/policy/race.ts'

/** An object whose `then` is what is asked about. */
// oxlint-disable-next-line unicorn/no-thenable -- it is what is asked about
const withThen = (then: PropertyDescriptor): object => Object.defineProperty({}, 'then', then)

describe('what is to be awaited', () => {
  it.each([
    [Promise.resolve(), true],
    [withThen({ value: () => undefined }), true],
    [withThen({ value: 1 }), false],
    [{}, false],
    [null, false],
    [undefined, false],
    ['then', false],
  ])('%o: %o', (value, expected) => {
    expect(isThenable(value)).toBe(expected)
  })

  it('is nothing whose `then` cannot be read', () => {
    const unreadable = withThen({
      get: () => {
        throw new Error('cannot be read')
      },
    })
    expect(isThenable(unreadable)).toBe(false)
  })
})
