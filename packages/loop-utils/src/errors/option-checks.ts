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
export function checkNumber(option: string, value: unknown, { min, max }: NumberRange = {}): number {
  return admitNumber(option, value, { min, max, noun: 'a number', isKind: Number.isFinite })
}

/**
 * Returns `value` when it is a safe integer within `range`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkInteger(option: string, value: unknown, { min, max }: NumberRange = {}): number {
  return admitNumber(option, value, { min, max, noun: 'an integer', isKind: Number.isSafeInteger })
}

/**
 * Returns `value` when it is a whole number of at least `range.min` (default 1), or `Infinity`.
 *
 * @throws OptionError naming `option` otherwise
 */
export function checkCount(option: string, value: unknown, { min = 1, max }: NumberRange = {}): number {
  const infinite = max === undefined
  return admitNumber(option, value, { min, max, infinite, noun: 'an integer', isKind: Number.isSafeInteger })
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
export function checkDuration(option: string, value: unknown, { min = 0, max, infinite }: DurationRange = {}): number {
  return admitNumber(option, value, { min, max, infinite, noun: 'milliseconds', isKind: Number.isFinite })
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
  if (value === undefined || hasMethods(value, ['remaining'])) return value as Deadline | undefined
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
  if (hasMethods(clock, methods)) return clock
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

/** Whether `value` can be called by each of these names. */
export function hasMethods(value: unknown, methods: readonly string[]): boolean {
  const part = value as Readonly<Record<string, unknown>> | null | undefined
  return methods.every((method) => typeof part?.[method] === 'function')
}

/** Which numbers are admitted, and how an error calls them. */
interface AdmittedNumbers {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly infinite?: boolean | undefined
  readonly noun: string
  readonly isKind: (value: unknown) => boolean
}

function admitNumber(option: string, value: unknown, admitted: AdmittedNumbers): number {
  const { min = -Infinity, max = Infinity, infinite = false, noun, isKind } = admitted
  const number = value as number
  if (infinite && value === Infinity) return number
  if (isKind(value) && number >= min && number <= max) return number
  throw new OptionError(option, value, `${noun}${describeRange(min, max)}${infinite ? ', or Infinity' : ''}`)
}

function describeRange(min: number, max: number): string {
  if (max === Infinity) return min === -Infinity ? '' : ` of at least ${min}`
  return min === -Infinity ? ` of at most ${max}` : ` from ${min} to ${max}`
}
