import type { HalfOpenSettings } from './half-open-options.ts'
import { ProbeSlots, type PlaceHolder } from './probe-slots.ts'

/** How far a half-open circuit has got, for snapshots. */
export interface RecoveryProgress {
  /** Successes of the stage that it is in. */
  readonly successes: number
  /** 0 while it probes; n in the nth stage of its ramp. */
  readonly stage: number
}

/** Which calls a half-open circuit admits, and when it has recovered: probes first, then a ramp of growing shares. */
export class HalfOpenGate {
  readonly #settings: HalfOpenSettings
  readonly #slots: ProbeSlots
  #stage = 0
  #successes = 0
  /** Calls that asked in this stage of the ramp. */
  #asked = 0

  constructor(settings: HalfOpenSettings) {
    this.#settings = settings
    this.#slots = new ProbeSlots(settings.probes, settings.maxWaitMs)
  }

  /** Whether one more call may pass; counts as asking. */
  admits(nowMs: number): boolean {
    if (this.#stage === 0) return this.#slots.isFree(nowMs)
    this.#asked += 1
    // the first of a stage passes, and of n calls never more than a call away from the share
    return Math.ceil(this.#asked * this.fraction) > Math.ceil((this.#asked - 1) * this.fraction)
  }

  /** Takes note of a call that passed. */
  enter(permit: PlaceHolder): void {
    if (this.#stage === 0) this.#slots.take(permit)
  }

  /** Counts a success; returns whether the circuit has recovered. */
  succeed(): boolean {
    this.#successes += 1
    if (this.#successes < this.#needed) return false
    this.#stage += 1
    this.#successes = 0
    this.#asked = 0
    return this.#stage > this.#settings.ramp.length
  }

  /** The share of calls that the stage admits; 0 while single probes are. */
  get fraction(): number {
    return this.#settings.ramp[this.#stage - 1] ?? 0
  }

  /** How many probes have hung so far. */
  hungUntil(nowMs: number): number {
    return this.#slots.hungUntil(nowMs)
  }

  get nextExpiryMs(): number | undefined {
    return this.#slots.nextExpiryMs
  }

  get progress(): RecoveryProgress {
    return { successes: this.#successes, stage: this.#stage }
  }

  /** Begins anew. Permits that were given before hold no place any more. */
  reset(): void {
    this.#slots.clear()
    this.#stage = 0
    this.#successes = 0
  }

  /** Goes on where a snapshot was made; progress that these settings cannot have begins anew. */
  restore({ successes, stage }: RecoveryProgress): void {
    this.reset()
    if (stage > this.#settings.ramp.length) return
    this.#stage = stage
    this.#successes = Math.min(successes, this.#needed - 1)
  }

  get #needed(): number {
    return this.#stage === 0 ? this.#settings.successes : this.#settings.rampSuccesses
  }
}
