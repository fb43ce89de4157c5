import type { BreakerSettings } from './breaker-options.ts'
import { checkSnapshot, type BreakerSnapshot } from './breaker-snapshot.ts'
import type { BreakerState, ChangeReason, CircuitState } from './breaker-state.ts'
import { noCounts, type BreakerCounts } from './breaker-stats.ts'
import { HalfOpenGate } from './half-open-gate.ts'
import { IssuedPermit, SHADOW, type PermitIssuer } from './permit.ts'
import type { TripCounter } from './trip.ts'

/** Who is told of what the machine does. It is told last: it may call the machine back. */
export interface MachineObserver {
  onChange(from: BreakerState, reason: ChangeReason): void
  onProbe(fraction: number): void
  /** More calls may pass than before, or none any more. */
  onRoom(): void
}

/**
 * The states of a circuit: permits in, outcomes in, time from a clock. It sets no timer: the open time ends when somebody
 * looks. Each move begins a new generation; permits of earlier ones are late.
 */
export class CircuitMachine implements PermitIssuer {
  /** Whether a call may pass with no further look: the circuit is closed and nobody waits. */
  isFree = false
  readonly counts: BreakerCounts = noCounts()
  readonly gate: HalfOpenGate
  readonly #settings: BreakerSettings
  readonly #observer: MachineObserver
  readonly #counter: TripCounter
  readonly #isTiming: boolean
  readonly #usesTime: boolean
  readonly #isolations = new Map<symbol, string>()
  #isDisabled: boolean
  #isQueued = false
  #circuit: CircuitState = 'closed'
  #generation = 0
  #openUntilMs = 0
  #sinceMs: number
  #lastFailure: { readonly error: unknown; readonly atMs: number } | undefined

  constructor(settings: BreakerSettings, observer: MachineObserver) {
    this.#settings = settings
    this.#observer = observer
    this.#counter = settings.trip.createCounter()
    this.#isTiming = settings.slowCallMs !== Infinity
    this.#usesTime = settings.trip.usesTime
    this.#isDisabled = settings.isDisabled
    this.#sinceMs = settings.clock.now()
    this.gate = new HalfOpenGate(settings.halfOpen)
    this.#findWhetherFree()
  }

  /** The state now; what time has brought about is announced first. */
  get state(): BreakerState {
    this.advance(this.#settings.clock.now())
    return this.#shown
  }

  /** Why calls are refused by hand; undefined unless isolated. */
  get isolation(): string | undefined {
    for (const reason of this.#isolations.values()) return reason
    return undefined
  }

  get lastFailure(): { readonly error: unknown; readonly atMs: number } | undefined {
    return this.#lastFailure
  }

  get sinceMs(): number {
    return this.#sinceMs
  }

  /** Calls wait, which nobody may overtake. */
  set isQueued(isQueued: boolean) {
    this.#isQueued = isQueued
    this.#findWhetherFree()
  }

  retryAfterMs(nowMs: number): number {
    this.advance(nowMs)
    if (this.#isolations.size > 0) return Infinity
    return this.#shown === 'open' ? this.#openUntilMs - nowMs : 0
  }

  /** Lets the open time end. */
  advance(nowMs: number): void {
    if (this.#circuit !== 'open' || nowMs < this.#openUntilMs) return
    const endedAtMs = this.#openUntilMs
    this.#move('half-open', 'elapsed', endedAtMs)
  }

  /** A permit when {@link isFree}. */
  acquireFreely(): IssuedPermit {
    return new IssuedPermit(this, this.#generation, this.#isTiming ? this.#settings.clock.now() : 0)
  }

  /** A permit if a call may pass now, whoever waits. */
  admit(): IssuedPermit | null {
    const nowMs = this.#settings.clock.now()
    this.advance(nowMs)
    const state = this.#shown
    if (state === 'closed') return new IssuedPermit(this, this.#generation, nowMs)
    if (state === 'disabled') return this.admitUnseen()
    return state === 'half-open' && this.gate.admits(nowMs) ? this.#admitProbe(nowMs) : null
  }

  /** A permit that never moves the state. */
  admitUnseen(): IssuedPermit {
    return new IssuedPermit(this, SHADOW, this.#isTiming ? this.#settings.clock.now() : 0)
  }

  succeed(permit: IssuedPermit, durationMs?: number): void {
    if (!this.#settle(permit)) return
    this.counts.successes += 1
    const isSlow = this.#isTiming && this.#isSlow(permit, durationMs)
    if (permit.generation === SHADOW) return
    if (this.#circuit === 'closed') this.#count(permit, isSlow ? 'slow-success' : 'success')
    else this.#judgeProbe(!(isSlow && this.#settings.trip.countsSlowCalls))
  }

  fail(permit: IssuedPermit, error: unknown, durationMs?: number): void {
    if (!this.#settle(permit)) return
    this.counts.failures += 1
    this.#lastFailure = { error, atMs: this.#settings.clock.now() }
    const isSlow = this.#isTiming && this.#isSlow(permit, durationMs)
    if (permit.generation === SHADOW) return
    if (this.#circuit === 'closed') this.#count(permit, isSlow ? 'slow-failure' : 'failure')
    else this.#judgeProbe(false)
  }

  ignore(permit: IssuedPermit): void {
    if (!this.#settle(permit)) return
    this.counts.ignored += 1
    if (permit.slots !== undefined) this.#observer.onRoom()
  }

  /** Refuses all calls until `token` is released. Calls that are under way no longer count. */
  isolate(token: symbol, reason: string): void {
    const from = this.state
    this.#isolations.set(token, reason)
    this.#beginGeneration()
    this.#announce(from, 'isolated')
  }

  release(token: symbol): void {
    if (!this.#isolations.has(token)) return
    // what time has brought about meanwhile comes first, and shows to nobody
    const from = this.state
    this.#isolations.delete(token)
    this.#announce(from, 'released')
  }

  /** Switches the circuit off or on; it begins closed. */
  setDisabled(isDisabled: boolean): void {
    if (this.#isDisabled === isDisabled) return
    const from = this.state
    this.#isDisabled = isDisabled
    this.#forget()
    this.#announce(from, isDisabled ? 'disabled' : 'enabled')
  }

  /** Closes the circuit and forgets what led to its state. */
  reset(): void {
    const from = this.state
    this.#forget()
    this.#announce(from, 'reset')
  }

  snapshot(): BreakerSnapshot {
    const nowMs = this.#settings.clock.now()
    this.advance(nowMs)
    return {
      version: 1,
      state: this.#circuit,
      remainingMs: this.#circuit === 'open' ? this.#openUntilMs - nowMs : 0,
      opens: this.#settings.openTimes.count,
      recovery: this.gate.progress,
      trip: this.#counter.snapshot(nowMs),
    }
  }

  /** @throws OptionError naming what is wrong, a path that begins with `option`; the machine is then of no use */
  restore(snapshot: unknown, option: string): void {
    const { state, remainingMs, opens, recovery, trip } = checkSnapshot(snapshot, option)
    const nowMs = this.#settings.clock.now()
    this.#counter.restore(trip, `${option}.trip`, nowMs)
    this.#settings.openTimes.resume(opens)
    this.gate.restore(recovery)
    this.#circuit = state
    this.#openUntilMs = nowMs + remainingMs
    this.#findWhetherFree()
  }

  get #shown(): BreakerState {
    if (this.#isolations.size > 0) return 'isolated'
    return this.#isDisabled ? 'disabled' : this.#circuit
  }

  #admitProbe(nowMs: number): IssuedPermit {
    const permit = new IssuedPermit(this, this.#generation, nowMs)
    this.gate.enter(permit)
    this.counts.probes += 1
    this.#observer.onProbe(this.gate.fraction)
    return permit
  }

  /** Whether the permit's end still means something. */
  #settle(permit: IssuedPermit): boolean {
    if (permit.isSettled) {
      this.counts.doubleSettlements += 1
      return false
    }
    permit.isSettled = true
    permit.slots?.release(permit)
    if (permit.generation === this.#generation || permit.generation === SHADOW) return true
    this.counts.lateSettlements += 1
    if (permit.slots !== undefined) this.#observer.onRoom()
    return false
  }

  #isSlow(permit: IssuedPermit, durationMs?: number): boolean {
    const { clock, slowCallMs } = this.#settings
    const isSlow = (durationMs ?? clock.now() - permit.acquiredAtMs) > slowCallMs
    if (isSlow) this.counts.slow += 1
    return isSlow
  }

  #count(permit: IssuedPermit, outcome: Parameters<TripCounter['record']>[0]): void {
    if (this.#counter.record(outcome, this.#usesTime ? this.#settings.clock.now() : 0)) this.#open('tripped')
    else if (permit.slots !== undefined) this.#makeRoom(permit, outcome)
  }

  /** After a recovery, those that waited are admitted by and by: each success makes room for one more. */
  #makeRoom({ slots }: IssuedPermit, outcome: string): void {
    if (outcome === 'success') slots?.grow()
    this.#observer.onRoom()
  }

  #judgeProbe(isGood: boolean): void {
    if (!isGood) {
      this.#open('probe-failed')
    } else if (this.gate.succeed()) {
      this.#settings.openTimes.rewind()
      this.#move('closed', 'recovered', this.#settings.clock.now())
    } else {
      this.#observer.onRoom()
    }
  }

  #open(reason: ChangeReason): void {
    const nowMs = this.#settings.clock.now()
    this.counts.opened += 1
    this.#openUntilMs = nowMs + this.#settings.openTimes.next()
    this.#move('open', reason, nowMs)
  }

  #move(to: CircuitState, reason: ChangeReason, atMs: number): void {
    const from = this.#shown
    this.#circuit = to
    this.#beginGeneration()
    this.#announce(from, reason, atMs)
  }

  #forget(): void {
    this.#circuit = 'closed'
    this.#lastFailure = undefined
    this.#settings.openTimes.rewind()
    this.#beginGeneration()
  }

  #beginGeneration(): void {
    this.#generation += 1
    this.#counter.reset()
    this.gate.reset()
  }

  #announce(from: BreakerState, reason: ChangeReason, atMs: number = this.#settings.clock.now()): void {
    this.#findWhetherFree()
    if (from !== this.#shown) {
      this.#sinceMs = atMs
      this.#observer.onChange(from, reason)
    }
    this.#observer.onRoom()
  }

  #findWhetherFree(): void {
    this.isFree = this.#shown === 'closed' && !this.#isQueued
  }
}
