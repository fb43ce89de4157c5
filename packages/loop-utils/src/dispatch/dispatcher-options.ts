import { type Clock, systemClock } from '../clock/index.ts'
import {
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkOnEvent,
  checkText,
} from '../errors/index.ts'
import type { Observer } from '../observe/observer.ts'
import type { Overflow, OwnOverflow } from './overflow.ts'

/** Where an error came from. */
export interface DispatchInfo {
  /** `post`: a function of this loop; `emit`: an event of a poster; `call`: an answer that nobody can get any more. */
  readonly kind: 'post' | 'emit' | 'call'
  /** The handler, for `emit` and `call`. */
  readonly handler?: string
  /** The name that the poster was given by `connect`. */
  readonly poster?: string
}

export interface DispatcherOptions extends Observer {
  /** Shown in errors. */
  readonly name?: string
  /** Functions of this loop that may wait. Default 65536. Each poster has its own bound, its `credit`. */
  readonly capacity?: number
  /** What `post` does at the capacity. Default `drop-newest`. */
  readonly overflow?: OwnOverflow
  /** For `coalesce`: what makes two posts the same. Default: the function. */
  readonly coalesceBy?: (fn: (...args: never[]) => unknown, args: readonly unknown[]) => unknown
  /** Milliseconds after which I/O and timers get a turn while much is waiting. Default 4. */
  readonly sliceMs?: number
  /**
   * Told of what a function or handler threw or rejected with, unless a call can carry it. Without it the first such
   * error becomes a process warning, and `stats().errors` counts them all.
   */
  readonly onError?: (error: unknown, info: DispatchInfo) => void
  /** Measures waiting times and runs timeouts. Default: the system's. */
  readonly clock?: Clock
}

export interface ConnectOptions {
  /** Shown in errors and in {@link DispatchInfo}. */
  readonly name?: string
  /** What the poster's `emit` does without credit. Default `block`. */
  readonly overflow?: Overflow
  /** Items that the poster may have accepted without their being delivered. Default 1024. */
  readonly credit?: number
  /** Calls of the poster that may be unanswered. Default 1024. */
  readonly maxCalls?: number
  /** Share against other posters that are busy at the same time, from 1 (default) to 64. */
  readonly priority?: number
  /**
   * Whether buffers are moved instead of copied: an argument that is an ArrayBuffer, or a view of all of one, is gone
   * for the sender afterwards. Default false.
   */
  readonly transfer?: boolean
}

export type ResolvedDispatcherOptions = Required<
  Pick<DispatcherOptions, 'capacity' | 'overflow' | 'sliceMs' | 'clock'>
> &
  Pick<DispatcherOptions, 'name' | 'coalesceBy' | 'onError' | 'onEvent'>

export type ResolvedConnectOptions = Required<Omit<ConnectOptions, 'name'>> & Pick<ConnectOptions, 'name'>

/** @throws OptionError */
export function resolveDispatcherOptions(options: DispatcherOptions): ResolvedDispatcherOptions {
  const { capacity = 65_536, overflow = 'drop-newest', sliceMs = 4, clock = systemClock } = checkObject(options)
  checkClock(clock)
  checkOnEvent(options.onEvent)
  if (options.name !== undefined) checkText('name', options.name)
  if (options.coalesceBy !== undefined) checkFunction('coalesceBy', options.coalesceBy)
  if (options.onError !== undefined) checkFunction('onError', options.onError)
  checkInteger('capacity', capacity, { min: 1, max: 2 ** 30 })
  checkOneOf('overflow', overflow, ['drop-newest', 'drop-oldest', 'coalesce', 'error'])
  checkDuration('sliceMs', sliceMs, { min: 0.01, max: 1000 })
  return { ...options, capacity, overflow, sliceMs, clock }
}

/** @throws OptionError */
export function resolveConnectOptions(options: ConnectOptions): ResolvedConnectOptions {
  const { overflow = 'block', credit = 1024, maxCalls = 1024, priority = 1, transfer = false } = checkObject(options)
  if (options.name !== undefined) checkText('name', options.name)
  checkOneOf('overflow', overflow, ['block', 'drop-newest', 'drop-oldest', 'coalesce', 'error'])
  checkInteger('credit', credit, { min: 2, max: 2 ** 30 })
  checkInteger('maxCalls', maxCalls, { min: 1, max: 2 ** 30 })
  checkInteger('priority', priority, { min: 1, max: 64 })
  checkOneOf('transfer', transfer, [true, false])
  return { ...options, overflow, credit, maxCalls, priority, transfer }
}
