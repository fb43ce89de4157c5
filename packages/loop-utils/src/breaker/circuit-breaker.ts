import { inScope } from '../concurrency/policy-scope.ts'
import { checkObject } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { TypedEmitter } from '../events/typed-emitter.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { isThenable, raceAbort } from '../policy/race.ts'
import { checkBreakerOptions, type BreakerOptions, type BreakerSettings } from './breaker-options.ts'
import type { BreakerSnapshot } from './breaker-snapshot.ts'
import { BreakerReporter } from './breaker-reporter.ts'
import type { BreakerEvents, BreakerState, ChangeReason } from './breaker-state.ts'
import type { BreakerStats } from './breaker-stats.ts'
import { CircuitIsolatedError, CircuitOpenError } from './circuit-errors.ts'
import { CircuitMachine } from './circuit-machine.ts'
import { OutcomeJudge } from './outcome-judge.ts'
import type { IssuedPermit, Permit } from './permit.ts'
import { WaitingLine } from './waiting-line.ts'

/**
 * Stops calling what keeps failing, and finds out by a few probes when it works again.
 *
 * While closed it counts how calls end; when its `trip` is met, it opens and refuses calls for a while; then it is
 * half-open and admits a bounded number of probes, which close it or open it again. It sets no timer: the open time ends
 * when somebody looks. The exception are calls that wait (`whenHalfOpen: 'wait'`).
 *
 * Events: `change`, `reject`, `probe`; what a listener throws goes to `onError`. The same are published to `onEvent` and
 * to `node:diagnostics_channel` as `x:loop-utils:breaker:change`, `…:reject` and `…:probe`.
 *
 * @example
 * const breaker = new CircuitBreaker({ name: 'ccu', trip: consecutive(5), halfOpenAfterMs: 60_000 })
 * const value = await breaker.execute(({ signal }) => client.read({ signal }), { signal })
 */
export class CircuitBreaker extends TypedEmitter<BreakerEvents> implements Policy, Disposable {
  readonly name: string
  readonly #settings: BreakerSettings
  readonly #machine: CircuitMachine
  readonly #line: WaitingLine | undefined
  readonly #judge: OutcomeJudge
  readonly #reporter: BreakerReporter

  /** @throws OptionError when an option is out of range or contradicts another */
  constructor(options: BreakerOptions = {}) {
    super({ onError: checkObject(options).onError })
    this.#settings = checkBreakerOptions(options)
    this.name = this.#settings.name
    this.#machine = new CircuitMachine(this.#settings, {
      onChange: (from, reason) => this.#tellChange(from, reason),
      onProbe: (fraction) => this.#tellProbe(fraction),
      onRoom: () => this.#line?.serve(),
    })
    this.#reporter = new BreakerReporter(this, this.#settings)
    this.#judge = new OutcomeJudge(this.#settings, this.#machine)
    if (this.#settings.isWaiting) {
      this.#line = new WaitingLine(this.#settings, this.#machine, () => {
        this.#refuse()
        return this.#toRefusal()
      })
    }
  }

  /**
   * A breaker in the state that {@link snapshot} wrote. The options are not part of a snapshot; the trip must be of the
   * same kind.
   *
   * @param option what errors call the snapshot
   * @throws OptionError naming the part of the snapshot that is not usable
   */
  static restore(snapshot: BreakerSnapshot, options: BreakerOptions = {}, option = 'snapshot'): CircuitBreaker {
    const breaker = new CircuitBreaker(options)
    breaker.#machine.restore(snapshot, option)
    return breaker
  }

  /** The state now. When the open time has passed, this is the look by which it ends. */
  get state(): BreakerState {
    return this.#machine.state
  }

  /**
   * Calls `fn` if the circuit admits it, and counts how that ends.
   *
   * Rejects with a CircuitOpenError or CircuitIsolatedError when it does not, with `signal.reason` at an abort, and
   * otherwise as `fn` does. An abort by the caller is no failure; one by a timeout is.
   */
  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    if (typeof fn !== 'function') return Promise.reject(new OptionError('fn', fn, 'a function'))
    if (options === undefined) {
      // nothing can abort this call: nobody need listen
      const permit = this.#admit()
      return permit === null ? this.#executeLater(fn, CallScope.enter()) : this.#run(fn, permit)
    }
    return inScope(options, this.#settings.clock, (scope) => this.#executeIn(scope, fn))
  }

  /** A permit for one call, or null when the circuit refuses it now. Never waits, and never overtakes who does. */
  tryAcquire(): Permit | null {
    return this.#admit() ?? this.#refuse()
  }

  /**
   * A permit for one call; with `whenHalfOpen: 'wait'`, after those who wait already.
   *
   * Rejects with a CircuitOpenError or CircuitIsolatedError, and with `signal.reason` at an abort.
   */
  acquire(options?: ExecuteOptions): Promise<Permit> {
    return inScope(options, this.#settings.clock, async (scope) => {
      const permit = this.#admit() ?? (await this.#waitOrThrow(scope))
      if (!scope.aborted) return permit
      permit.ignore()
      throw scope.reason
    })
  }

  /**
   * When a call may be admitted at the earliest, in milliseconds from now: 0 unless open, and `Infinity` while isolated.
   * In a half-open circuit whose probes are all out, that is when one of them ends.
   */
  retryAfterMs(): number {
    return this.#machine.retryAfterMs(this.#settings.clock.now())
  }

  /**
   * Refuses all calls until what it returns is disposed of. Several may isolate at once: all have to release. Then the
   * circuit is in the state in which it would be without; what was under way no longer counts.
   */
  isolate(reason = 'by hand'): Disposable {
    const token = Symbol(reason)
    this.#machine.isolate(token, reason)
    return { [Symbol.dispose]: () => this.#machine.release(token) }
  }

  /** Closes the circuit and forgets what led to its state. Isolation and disablement stay. */
  reset(): void {
    this.#machine.reset()
  }

  /** Admits all calls and counts none of them towards a trip, until {@link enable}. */
  disable(): void {
    this.#machine.setDisabled(true)
  }

  /** Ends {@link disable}; the circuit begins closed. */
  enable(): void {
    this.#machine.setDisabled(false)
  }

  /** The state as plain data. */
  snapshot(): BreakerSnapshot {
    return this.#machine.snapshot()
  }

  stats(): BreakerStats {
    const { state, counts, gate, isolation, lastFailure, sinceMs } = this.#machine
    const { successes, failures, ignored, slow, rejected, probes, opened, lateSettlements, doubleSettlements } = counts
    const nowMs = this.#settings.clock.now()
    return {
      name: this.name,
      state,
      isolation,
      stateMs: nowMs - sinceMs,
      successes,
      failures,
      ignored,
      slow,
      rejected,
      probes,
      hungProbes: gate.hungUntil(nowMs),
      opened,
      lateSettlements,
      doubleSettlements,
      waiting: this.#line?.size ?? 0,
      lastError: lastFailure?.error,
      lastFailureAgoMs: lastFailure === undefined ? undefined : nowMs - lastFailure.atMs,
    }
  }

  /** Refuses all calls from now on, those that wait too, and forgets its listeners. */
  [Symbol.dispose](): void {
    this.isolate('disposed')
    this.removeAllListeners()
  }

  #admit(): IssuedPermit | null {
    if (this.#machine.isFree) return this.#machine.acquireFreely()
    if (this.#line !== undefined && this.#line.size > 0) return null
    return this.#machine.admit()
  }

  #executeIn<T>(scope: CallScope, fn: PolicyFunction<T>): Promise<T> {
    const permit = this.#admit()
    return permit === null ? this.#executeLater(fn, scope) : this.#runIn(scope, fn, permit)
  }

  /** Waits for a permit, if calls may wait, or rejects. */
  async #executeLater<T>(fn: PolicyFunction<T>, scope: CallScope): Promise<T> {
    const permit = await this.#waitOrThrow(scope)
    if (!scope.aborted) return this.#runIn(scope, fn, permit)
    permit.ignore()
    throw scope.reason
  }

  /** Calls `fn` with its permit. An abort settles both the call and the permit at once, whatever `fn` does later. */
  #runIn<T>(scope: CallScope, fn: PolicyFunction<T>, permit: IssuedPermit): Promise<T> {
    if (!scope.isAbortable) return this.#run(fn, permit, scope)
    const close = (): void => {
      if (!permit.isSettled) this.#judge.aborted(permit, scope.reason)
    }
    return raceAbort(scope, () => this.#run(fn, permit, scope), { close })
  }

  #waitOrThrow(scope: CallScope): Promise<IssuedPermit> {
    const line = this.#line
    if (line !== undefined && this.#mayWait(line)) return line.join(scope)
    const permit = this.#refuse()
    return permit === null ? Promise.reject(this.#toRefusal()) : Promise.resolve(permit)
  }

  #mayWait(line: WaitingLine): boolean {
    if (line.size >= this.#settings.maxWaiting) return false
    // a closed circuit only refuses those who have to stand behind others
    return this.state === 'half-open' || this.state === 'closed'
  }

  /** Calls `fn`, and tells the judge how that ends unless an abort of `within` came first. */
  #run<T>(fn: PolicyFunction<T>, permit: IssuedPermit, within?: CallScope): Promise<T> {
    let outcome: T | PromiseLike<T>
    try {
      outcome = fn(within ?? CallScope.enter())
    } catch (error) {
      if (within?.aborted === true) this.#judge.aborted(permit, within.reason)
      else this.#judge.rejected(permit, error)
      return Promise.reject(error)
    }
    if (!isThenable(outcome)) {
      this.#judge.fulfilled(permit, outcome)
      return Promise.resolve(outcome)
    }
    const promise = outcome instanceof Promise ? (outcome as Promise<T>) : Promise.resolve(outcome)
    return promise.then(
      (value) => {
        if (!permit.isSettled) this.#judge.fulfilled(permit, value)
        return value
      },
      (error: unknown) => {
        if (!permit.isSettled) this.#judge.rejected(permit, error)
        throw error
      },
    )
  }

  /** Counts and tells a refusal. A breaker that only reports gives a permit all the same. */
  #refuse(): IssuedPermit | null {
    const { isReportOnly } = this.#settings
    this.#machine.counts.rejected += 1
    if (this.#reporter.isHeard('reject')) {
      const { name, state } = this
      this.#reporter.tellRejection({ name, state, retryAfterMs: this.retryAfterMs(), isRefused: !isReportOnly })
    }
    return isReportOnly ? this.#machine.admitUnseen() : null
  }

  #toRefusal(): Error {
    const { name, state } = this
    const { isolation, lastFailure } = this.#machine
    if (isolation !== undefined) return new CircuitIsolatedError(name, isolation)
    const facts = { name, retryAfterMs: this.retryAfterMs(), lastError: lastFailure?.error }
    const waiting = this.#line?.size ?? 0
    if (waiting > 0 && state !== 'open') return new CircuitOpenError({ ...facts, why: `has ${waiting} calls waiting` })
    return new CircuitOpenError(state === 'open' ? facts : { ...facts, why: 'is half-open and admits no more calls' })
  }

  #tellChange(from: BreakerState, reason: ChangeReason): void {
    if (!this.#reporter.isHeard('change')) return
    const { name, state: to } = this
    const openMs = to === 'open' ? this.retryAfterMs() : 0
    this.#reporter.tellChange({ name, from, to, reason, openMs, lastError: this.#machine.lastFailure?.error })
  }

  #tellProbe(fraction: number): void {
    if (this.#reporter.isHeard('probe')) this.#reporter.tellProbe({ name: this.name, fraction })
  }
}
