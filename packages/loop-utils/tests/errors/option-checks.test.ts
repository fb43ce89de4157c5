import { describe, expect, expectTypeOf, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import {
  checkBoolean,
  checkClock,
  checkCount,
  checkDeadline,
  checkDuration,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkOneOf,
  checkSignal,
  checkText,
  isXError,
  OptionError,
} from '../../src/errors/index.ts'
import { Deadline } from '../../src/timeout/index.ts'

function refusal(check: () => unknown): OptionError {
  try {
    check()
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('the option was accepted')
}

describe('option checks', () => {
  it('return what they accept', () => {
    const signal = new AbortController().signal
    const fn = (): void => {}
    expect(checkNumber('a', -1.5)).toBe(-1.5)
    expect(checkNumber('a', 2, { min: 2, max: 2 })).toBe(2)
    expect(checkInteger('a', 7)).toBe(7)
    expect(checkCount('a', Infinity)).toBe(Infinity)
    expect(checkCount('a', 0, { min: 0, max: 5 })).toBe(0)
    expect(checkDuration('a', 0.5)).toBe(0.5)
    expect(checkDuration('a', Infinity, { infinite: true })).toBe(Infinity)
    expect(checkOneOf('a', 'x', ['x', 'y'])).toBe('x')
    expect(checkOneOf('a', 3, [1, 3])).toBe(3)
    expect(checkBoolean('a', false)).toBe(false)
    expect(checkText('a', 'x')).toBe('x')
    expect(checkText('a', '', { minLength: 0 })).toBe('')
    expect(checkFunction('a', fn)).toBe(fn)
    expect(checkSignal('a', signal)).toBe(signal)
    expect(checkSignal('a', undefined)).toBeUndefined()
    const [clock, deadline] = [new ManualClock(), Deadline.after(1000)]
    expect(checkClock(clock)).toBe(clock)
    const halfClock = { now: () => 5 }
    expect(checkClock(halfClock, ['now'])).toBe(halfClock)
    expect(checkDeadline('a', deadline)).toBe(deadline)
    expect(checkDeadline('a', undefined)).toBeUndefined()
    expectTypeOf(checkOneOf('a', 'x', ['x', 'y'])).toEqualTypeOf<'x' | 'y'>()
  })

  it.each([
    ['a number', () => checkNumber('o', '3')],
    ['a number', () => checkNumber('o', NaN)],
    ['a number', () => checkNumber('o', Infinity)],
    ['a number of at least 1', () => checkNumber('o', 0, { min: 1 })],
    ['a number of at most 1', () => checkNumber('o', 2, { max: 1 })],
    ['an integer from 1 to 3', () => checkInteger('o', 4, { min: 1, max: 3 })],
    ['an integer', () => checkInteger('o', 1.5)],
    ['an integer', () => checkInteger('o', 2 ** 53)],
    ['an integer of at least 1, or Infinity', () => checkCount('o', 0)],
    ['an integer from 1 to 9', () => checkCount('o', Infinity, { max: 9 })],
    ['an integer of at least 1, or Infinity', () => checkCount('o', '1')],
    ['milliseconds of at least 0', () => checkDuration('o', -1)],
    ['milliseconds of at least 0', () => checkDuration('o', Infinity)],
    ['milliseconds from 5 to 6, or Infinity', () => checkDuration('o', 7, { min: 5, max: 6, infinite: true })],
    ["one of 'a', 2, true", () => checkOneOf('o', 'b', ['a', 2, true])],
    ['true or false', () => checkBoolean('o', 0)],
    ['a string of at least 1 characters', () => checkText('o', '')],
    ['a string of at least 2 and at most 3 characters', () => checkText('o', 'abcd', { minLength: 2, maxLength: 3 })],
    ['a function', () => checkFunction('o', 'f' as never)],
    ['an AbortSignal', () => checkSignal('o', {})],
    ['an object', () => checkObject(5 as never, 'o')],
    ['a Deadline, such as Deadline.after(1000)', () => checkDeadline('o', 1000)],
    ['a Deadline, such as Deadline.after(1000)', () => checkDeadline('o', null)],
  ])('refuse what is not %s', (expected, check) => {
    const error = refusal(check)
    expect(error).toMatchObject({ name: 'OptionError', code: 'LOOP_OPTION', option: 'o', expected })
    expect(error.message).toBe(`option o is ${error.value}; give ${expected}`)
    expect(isXError(error)).toBe(true)
  })

  it.each([
    ['a Clock, with now() and setTimer()', () => checkClock({ now: () => 5 })],
    ['a Clock, with now() and setTimer()', () => checkClock(null as never)],
    ['a Clock, with wall()', () => checkClock({ now: () => 5 }, ['wall'])],
  ])('refuse as a clock what is not %s', (expected, check) => {
    expect(refusal(check)).toMatchObject({ option: 'clock', expected })
  })

  it.each([
    [`'${'x'.repeat(57)}…'`, 'x'.repeat(61)],
    ["'short'", 'short'],
    ['a function', () => undefined],
    ['an array', [1]],
    ['an object', {}],
    ['null', null],
    ['undefined', undefined],
    ['Symbol(s)', Symbol('s')],
    ['1', 1n],
  ])('show the refused value as %s', (shown, value) => {
    expect(refusal(() => checkBoolean('o', value)).value).toBe(shown)
  })
})
