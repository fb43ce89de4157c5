import { ManualClock } from '../../src/clock/index.ts'
import { CircuitBreaker, type BreakerOptions, type Permit } from '../../src/breaker/index.ts'

/** A breaker on a clock that stands still. */
export function driven(options: BreakerOptions = {}): {
  readonly breaker: CircuitBreaker
  readonly clock: ManualClock
} {
  const clock = new ManualClock({ startMs: 5000 })
  return { breaker: new CircuitBreaker({ clock, ...options }), clock }
}

/** A permit that has to be given. */
export function permitOf(breaker: CircuitBreaker): Permit {
  const permit = breaker.tryAcquire()
  if (permit === null) throw new Error(`the circuit is ${breaker.state} and gives no permit`)
  return permit
}

/** Lets so many calls fail. */
export function fail(breaker: CircuitBreaker, times = 1, error: unknown = new Error('down')): void {
  for (let time = 0; time < times; time++) permitOf(breaker).failure(error)
}

export function succeed(breaker: CircuitBreaker, times = 1): void {
  for (let time = 0; time < times; time++) permitOf(breaker).success()
}

/** A promise to be settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined
  let reject: Deferred<T>['reject'] = () => undefined
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
