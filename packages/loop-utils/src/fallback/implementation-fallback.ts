import type { BreakerOptions } from '../breaker/breaker-options.ts'
import type { BreakerChange, BreakerState } from '../breaker/breaker-state.ts'
import { CircuitBreaker } from '../breaker/circuit-breaker.ts'
import { checkHalfOpen } from '../breaker/half-open-options.ts'
import { checkOpenTime } from '../breaker/open-times.ts'
import type { Permit } from '../breaker/permit.ts'
import { checkFunction, checkObject, checkOneOf } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { checkAnswer } from '../observe/predicate-answer.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { isThenable } from '../policy/race.ts'
import type { Uninferred } from '../policy/uninferred.ts'
import { abortedSignalOf } from './call-abort.ts'
import { FallbackFailedError } from './fallback-failed-error.ts'
import { disposeBoth, disposeBothAsync } from './dispose-both.ts'
import type {
  FallbackControl,
  Implementation,
  ImplementationFallbackOptions,
  ImplementationFallbackStats,
  WithFallback,
} from './implementation-options.ts'

const switched = new ObservationPoint('x:loop-utils:fallback:switch')

/**
 * One object of two implementations of the same interface: calls go to `primary`; one that fails there is made again in
 * `secondary`, whose outcome the caller gets; and when the primary keeps failing, calls go to the secondary at once for
 * a while. Then single calls probe the primary, which gets all again when enough succeed. No call is dropped: each is
 * answered by one of the two, or rejects with what both failed with (FallbackFailedError).
 *
 * Members may be sync or async: one that returns a promise has failed when that rejects. Properties are read from the
 * active implementation and written to both; disposing disposes of both.
 *
 * A call that failed halfway is made twice: members that must not be are to be excepted by `when`.
 *
 * @throws OptionError when an option is out of range, or an implementation has a member `active` or `fallbackControl`
 * @example
 * const store = implementationFallback(remoteStore, localStore, { trip: consecutive(3), stickyMs: 30_000 })
 * await store.append(points)
 * console.log(store.active)
 */
export function implementationFallback<I extends object>(
  primary: I,
  secondary: Uninferred<I>,
  options: ImplementationFallbackOptions = {},
): WithFallback<I> {
  for (const [option, implementation] of Object.entries({ primary, secondary })) checkSurface(option, implementation)
  const selector = new ImplementationSelector<I>(primary, secondary, options)
  const surface: Record<PropertyKey, () => unknown> = {
    active: () => selector.active,
    fallbackControl: () => selector,
  }
  // a bare target: what is fixed in an implementation would have to be the same in both
  return new Proxy(Object.create(Object.getPrototypeOf(primary)) as object, {
    get: (_, key) => (Object.hasOwn(surface, key) ? surface[key]?.() : selector.read(key)),
    set: (_, key, value) => !Object.hasOwn(surface, key) && selector.write(key, value),
    has: (_, key) => Object.hasOwn(surface, key) || key in primary,
  }) as WithFallback<I>
}

type Method = (...args: unknown[]) => unknown

/** Sends the calls of one facade to one of two implementations. */
class ImplementationSelector<I extends object> implements FallbackControl {
  readonly #primary: I
  readonly #secondary: I
  readonly #options: ImplementationFallbackOptions
  readonly #breaker: CircuitBreaker
  readonly #methods = new Map<PropertyKey, Method>()
  readonly #counts = { primaryCalls: 0, secondaryCalls: 0, repeatedCalls: 0, switches: 0 }
  #byHand: Disposable | undefined

  constructor(primary: I, secondary: I, options: ImplementationFallbackOptions) {
    const { when, onSwitch, onEvent } = checkObject(options)
    for (const [option, value] of Object.entries({ when, onSwitch, onEvent })) {
      if (value !== undefined) checkFunction(option, value)
    }
    this.#primary = primary
    this.#secondary = secondary
    this.#options = options
    // under the names that they have here
    if (options.stickyMs !== undefined) checkOpenTime('stickyMs', options.stickyMs)
    checkHalfOpen('probing', options.probing)
    this.#breaker = new CircuitBreaker(breakerOptionsOf(options))
    this.#breaker.on('change', (change) => this.#onChange(change))
  }

  get active(): Implementation {
    return activeIn(this.#breaker.state)
  }

  switchTo(implementation: Implementation): void {
    checkOneOf('implementation', implementation, ['primary', 'secondary'])
    if (implementation === 'secondary') {
      this.#byHand ??= this.#breaker.isolate('switched by hand')
      return
    }
    this.#breaker.reset()
    const byHand = this.#byHand
    // before anybody is told of the switch, who may switch again
    this.#byHand = undefined
    byHand?.[Symbol.dispose]()
  }

  stats(): ImplementationFallbackStats {
    return { active: this.active, ...this.#counts }
  }

  read(key: PropertyKey): unknown {
    const implementation = this.active === 'primary' ? this.#primary : this.#secondary
    const value: unknown = Reflect.get(implementation, key, implementation)
    return typeof value === 'function' && key !== 'constructor' ? this.#methodOf(key) : value
  }

  write(key: PropertyKey, value: unknown): boolean {
    const isWritten = Reflect.set(this.#primary, key, value, this.#primary)
    return Reflect.set(this.#secondary, key, value, this.#secondary) && isWritten
  }

  /** The same function each time. */
  #methodOf(key: PropertyKey): Method {
    const known = this.#methods.get(key)
    if (known !== undefined) return known
    const method = this.#makeMethod(key)
    this.#methods.set(key, method)
    return method
  }

  #makeMethod(key: PropertyKey): Method {
    if (key === Symbol.dispose) return () => disposeBoth(this.#primary, this.#secondary)
    if (key === Symbol.asyncDispose) return () => disposeBothAsync(this.#primary, this.#secondary)
    return (...args) => this.#call(key, args)
  }

  #call(key: PropertyKey, args: unknown[]): unknown {
    const permit = this.#breaker.tryAcquire()
    if (permit === null) {
      this.#counts.secondaryCalls += 1
      return invoke(this.#secondary, key, args)
    }
    let result: unknown
    try {
      result = invoke(this.#primary, key, args)
    } catch (error) {
      return this.#repeat(error, permit, { key, args })
    }
    if (!isThenable(result)) return this.#accept(permit, result)
    return Promise.resolve(result).then(
      (value) => this.#accept(permit, value),
      (error: unknown) => this.#repeat(error, permit, { key, args }),
    )
  }

  #accept(permit: Permit, result: unknown): unknown {
    this.#counts.primaryCalls += 1
    permit.success()
    return result
  }

  /** Makes a call again that failed in the primary, unless the caller has given up or the error is to be thrown. */
  #repeat(
    error: unknown,
    permit: Permit,
    { key, args }: { readonly key: PropertyKey; readonly args: unknown[] },
  ): unknown {
    const reason: unknown = abortedSignalOf(args)?.reason
    const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
    const isRepeated = reason === undefined && this.#isCovered(error, key)
    if (isRepeated || isTimeout) permit.failure(error)
    else permit.ignore()
    if (!isRepeated) {
      this.#counts.primaryCalls += 1
      throw error
    }
    this.#counts.repeatedCalls += 1
    return repeatIn(this.#secondary, { key, args, error })
  }

  #isCovered(error: unknown, key: PropertyKey): boolean {
    const { when, onError } = this.#options
    try {
      return when === undefined || checkAnswer('when', when(error, key))
    } catch (thrown) {
      if (onError === undefined) warnOfStrayError(thrown, 'when')
      else callSafely('onError', () => onError(thrown))
      return true
    }
  }

  /** What `onSwitch` throws, or rejects with, is the breaker's to report. */
  #onChange({ name, from: earlier, to: later, lastError }: BreakerChange): void {
    const from = activeIn(earlier)
    const to = activeIn(later)
    if (from === to) return
    this.#counts.switches += 1
    const change = { name, from, to, lastError }
    try {
      return this.#options.onSwitch?.(change)
    } finally {
      if (switched.isObserved(this.#options)) switched.publish(change, this.#options)
    }
  }
}

function breakerOptionsOf(options: ImplementationFallbackOptions): BreakerOptions {
  const { name = 'fallback', trip, slowCallMs, stickyMs, probing, onError, clock, random } = options
  return {
    name,
    ...(trip === undefined ? {} : { trip }),
    ...(slowCallMs === undefined ? {} : { slowCallMs }),
    ...(stickyMs === undefined ? {} : { halfOpenAfterMs: stickyMs }),
    ...(probing === undefined ? {} : { halfOpen: probing }),
    ...(onError === undefined ? {} : { onError }),
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random }),
  }
}

function activeIn(state: BreakerState): Implementation {
  return state === 'closed' ? 'primary' : 'secondary'
}

function invoke(implementation: object, key: PropertyKey, args: unknown[]): unknown {
  const method = Reflect.get(implementation, key, implementation) as Method
  return Reflect.apply(method, implementation, args)
}

interface FailedCall {
  readonly key: PropertyKey
  readonly args: unknown[]
  readonly error: unknown
}

function repeatIn(secondary: object, { key, args, error }: FailedCall): unknown {
  let result: unknown
  try {
    result = invoke(secondary, key, args)
  } catch (thrown) {
    throw new FallbackFailedError(error, thrown)
  }
  if (!isThenable(result)) return result
  return Promise.resolve(result).then(undefined, (thrown: unknown) => {
    throw new FallbackFailedError(error, thrown)
  })
}

function checkSurface(option: string, implementation: object): void {
  if (typeof implementation !== 'object' || implementation === null) {
    throw new OptionError(option, implementation, 'an object')
  }
  for (const member of ['active', 'fallbackControl']) {
    if (member in implementation) throw new OptionError(option, implementation, `one without a member '${member}'`)
  }
}
