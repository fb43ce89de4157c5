import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { inScope } from '../concurrency/policy-scope.ts'
import { checkClock, checkFunction, checkObject, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { checkAnswer } from '../observe/predicate-answer.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { CallContext, ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { FallbackFailedError } from './fallback-failed-error.ts'

const used = new ObservationPoint('x:loop-utils:fallback:use')

/** What stands in for the result of a call that failed: a value, or a function that makes it of the error. */
export type StandIn<D> = D | ((error: unknown, context: CallContext) => D | PromiseLike<D>)

export interface FallbackOptions extends Observer {
  /** For logs and metrics. Default `'fallback'`. */
  readonly name?: string
  /** Which errors the value stands in for; others reject. Default: all. */
  readonly when?: (error: unknown) => boolean
  /** Told of each error that the value stands in for. */
  readonly onFallback?: (error: unknown) => void
  /** By which a deadline is kept. Default: the system's. */
  readonly clock?: Clock
}

/** A policy whose executions may resolve with something else than their function's result. */
export interface FallbackPolicy<D> {
  readonly name: string
  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T | D>
  /** The same with `inner` inside: the value stands in for what `inner` rejects with. */
  around(inner: Policy): FallbackPolicy<D>
}

/**
 * A policy that resolves with a value when the function fails. A function given as the value is called with the error;
 * when it fails itself, the execution rejects with a FallbackFailedError that holds both errors. An abort by the caller
 * rejects with its reason: nothing stands in for it.
 *
 * @throws OptionError when an option is not usable
 * @example
 * const state = await fallback('unknown').around(breaker).execute(({ signal }) => device.read({ signal }))
 */
export function fallback<D>(standIn: StandIn<D>, options: FallbackOptions = {}): FallbackPolicy<D> {
  const { clock = systemClock, name = 'fallback', when, onFallback, onEvent } = checkObject(options)
  checkClock(clock)
  checkText('name', name)
  for (const [option, value] of Object.entries({ when, onFallback, onEvent })) {
    if (value !== undefined) checkFunction(option, value)
  }
  return new ValueFallback(standIn, { ...options, name }, undefined)
}

class ValueFallback<D> implements FallbackPolicy<D> {
  readonly name: string
  readonly #standIn: StandIn<D>
  readonly #options: FallbackOptions & { readonly name: string }
  readonly #inner: Policy | undefined

  constructor(standIn: StandIn<D>, options: FallbackOptions & { readonly name: string }, inner: Policy | undefined) {
    this.name = inner === undefined ? options.name : `${options.name}(${inner.name})`
    this.#standIn = standIn
    this.#options = options
    this.#inner = inner
  }

  around(inner: Policy): FallbackPolicy<D> {
    if (typeof inner?.execute !== 'function') throw new OptionError('inner', inner, 'a Policy with execute()')
    const whole = this.#inner === undefined ? inner : nested(this.#inner, inner)
    return new ValueFallback(this.#standIn, this.#options, whole)
  }

  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T | D> {
    if (typeof fn !== 'function') return Promise.reject(new OptionError('fn', fn, 'a function'))
    const { clock = systemClock } = this.#options
    return inScope(options, clock, (scope) => raceAbort(scope, () => this.#attempt(fn, scope)))
  }

  async #attempt<T>(fn: PolicyFunction<T>, scope: CallScope): Promise<T | D> {
    if (scope.aborted) throw scope.reason
    try {
      return await (this.#inner === undefined ? fn(scope) : this.#inner.execute(fn, scope))
    } catch (error) {
      if (scope.aborted) throw error
      return this.#standInFor(error, scope)
    }
  }

  async #standInFor(error: unknown, scope: CallScope): Promise<D> {
    const { name, when, onFallback } = this.#options
    let isCovered: boolean
    try {
      isCovered = when === undefined || checkAnswer('when', when(error))
    } catch (thrown) {
      throw new FallbackFailedError(error, thrown)
    }
    if (!isCovered) throw error
    if (onFallback !== undefined) callSafely('onFallback', () => onFallback(error))
    if (used.isObserved(this.#options)) used.publish({ name, error }, this.#options)
    // who was told may have aborted the call
    if (scope.aborted) throw error
    return this.#make(error, scope)
  }

  async #make(error: unknown, scope: CallScope): Promise<D> {
    if (typeof this.#standIn !== 'function') return this.#standIn
    try {
      return await (this.#standIn as (error: unknown, context: CallContext) => D | PromiseLike<D>)(error, scope)
    } catch (thrown) {
      throw scope.aborted ? thrown : new FallbackFailedError(error, thrown)
    }
  }
}

function nested(outer: Policy, inner: Policy): Policy {
  return {
    name: `${outer.name}(${inner.name})`,
    execute: <T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> =>
      outer.execute((context) => inner.execute(fn, context), options),
  }
}
