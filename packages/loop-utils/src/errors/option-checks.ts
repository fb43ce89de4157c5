import type { Clock } from '../clock/clock.ts'
import type { Deadline } from '../timeout/deadline.ts'
import { OptionError } from './option-error.ts'

/** The admitted range of a numeric option, both ends included. */
export interface NumberRange {
  readonly min?: number
  readonly max?: number
}

/**
 * Returns `value` when it is a finite number within `range`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkNumber(option: string, value: unknown, range: NumberRange = {}): number {
  if (typeof value === 'number' && Number.isFinite(value) && isWithin(value, range)) return value
  throw new OptionError(option, value, `a number${describeRange(range)}`)
}

/**
 * Returns `value` when it is a safe integer within `range`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkInteger(option: string, value: unknown, range: NumberRange = {}): number {
  if (Number.isSafeInteger(value) && isWithin(value as number, range)) return value as number
  throw new OptionError(option, value, `an integer${describeRange(range)}`)
}

/**
 * Returns `value` when it is a whole number of at least `range.min` (default 1), or `Infinity`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkCount(option: string, value: unknown, range: NumberRange = {}): number {
  const { min = 1, max } = range
  const bounds: NumberRange = max === undefined ? { min } : { min, max }
  if ((value === Infinity || Number.isSafeInteger(value)) && isWithin(value as number, bounds)) return value as number
  throw new OptionError(option, value, `an integer${describeRange(bounds)}${max === undefined ? ', or Infinity' : ''}`)
}

/** The admitted range of a duration, in milliseconds, and whether it may be without end. */
export interface DurationRange extends NumberRange {
  /** Whether `Infinity` is admitted. Default false. */
  readonly infinite?: boolean
}

/**
 * Returns `value` when it is a duration in milliseconds: a finite number of at least `range.min` (default 0).
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkDuration(option: string, value: unknown, range: DurationRange = {}): number {
  const { min = 0, max, infinite = false } = range
  if (value === Infinity && infinite) return Infinity
  const bounds: NumberRange = max === undefined ? { min } : { min, max }
  if (typeof value === 'number' && Number.isFinite(value) && isWithin(value, bounds)) return value
  throw new OptionError(option, value, `milliseconds${describeRange(bounds)}${infinite ? ', or Infinity' : ''}`)
}

/**
 * Returns `value` when it is one of `choices`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkOneOf<const T extends string | number | boolean>(
  option: string,
  value: unknown,
  choices: readonly T[],
): T {
  for (const choice of choices) if (choice === value) return choice
  const shown = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)))
  throw new OptionError(option, value, `one of ${shown.join(', ')}`)
}

/**
 * Returns `value` when it is a boolean.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new OptionError(option, value, 'true or false')
}

/** The admitted lengths of a text option, in UTF-16 code units, both ends included. */
export interface TextRange {
  /** Default 1. */
  readonly minLength?: number
  readonly maxLength?: number
}

/**
 * Returns `value` when it is a string of an admitted length (default: not empty).
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkText(option: string, value: unknown, range: TextRange = {}): string {
  const { minLength = 1, maxLength = Infinity } = range
  if (typeof value === 'string' && value.length >= minLength && value.length <= maxLength) return value
  const most = maxLength === Infinity ? '' : ` and at most ${maxLength}`
  throw new OptionError(option, value, `a string of at least ${minLength}${most} characters`)
}

/**
 * Returns `value` when it is a function.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkFunction<F extends (...args: never[]) => unknown>(option: string, value: F): F {
  if (typeof value === 'function') return value
  throw new OptionError(option, value, 'a function')
}

/**
 * Returns `value` when it is an AbortSignal or undefined.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkSignal(option: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw new OptionError(option, value, 'an AbortSignal')
}

/**
 * Returns `value` when it is an object, as options are.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkObject<O extends object>(value: O, option = 'options'): O {
  if (typeof value === 'object' && value !== null) return value
  throw new OptionError(option, value, 'an object')
}

/**
 * Returns `value` when it is a Deadline or undefined.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkDeadline(option: string, value: unknown): Deadline | undefined {
  if (value === undefined) return undefined
  const isObject = typeof value === 'object' && value !== null
  if (isObject && 'remaining' in value && typeof value.remaining === 'function') return value as Deadline
  throw new OptionError(option, value, 'a Deadline, such as Deadline.after(1000)')
}

/**
 * Returns `clock` when it has the methods that are wanted of it (default: the time and timers).
 *
 * @throws OptionError naming `clock` otherwise
 */
export function checkClock<C extends Partial<Clock>>(
  clock: C,
  methods: readonly (keyof Clock)[] = ['now', 'setTimer'],
): C {
  const isClock = typeof clock === 'object' && clock !== null
  if (isClock && methods.every((method) => typeof clock[method] === 'function')) return clock
  throw new OptionError('clock', clock, `a Clock, with ${methods.map((method) => `${method}()`).join(' and ')}`)
}

/**
 * Returns `random` when it is a function, as `Math.random` is.
 *
 * @throws OptionError naming `random` otherwise
 */
export function checkRandom<R extends () => number>(random: R): R {
  return checkFunction('random', random)
}

/**
 * Returns `onEvent` when it is a function or undefined.
 *
 * @throws OptionError naming `onEvent` otherwise
 */
export function checkOnEvent<F extends (...args: never[]) => unknown>(onEvent: F | undefined): F | undefined {
  return onEvent === undefined ? undefined : checkFunction('onEvent', onEvent)
}

function isWithin(value: number, { min = -Infinity, max = Infinity }: NumberRange): boolean {
  return value >= min && value <= max
}

function describeRange({ min, max }: NumberRange): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` of at least ${min}`
  if (max !== undefined) return ` of at most ${max}`
  return ''
}
