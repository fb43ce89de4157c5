/**
 * What a breaker ought to do, worked out anew for each step from the whole history of what happened to it. It shares
 * nothing with the implementation, counts with plain lists, and makes no attempt at speed.
 */
export interface ModelRules {
  /** The circuit opens as soon as one of them says so. */
  readonly trips: readonly ModelTrip[]
  /** The open times; the last one is repeated. */
  readonly openMs: readonly number[]
  readonly probes: number
  readonly successes: number
  readonly maxWaitMs: number
  readonly ramp: readonly number[]
  readonly rampSuccesses: number
  readonly slowCallMs: number
  readonly isReportOnly: boolean
}

export type ModelTrip =
  | { readonly kind: 'consecutive'; readonly failures: number }
  | ({ readonly kind: 'count'; readonly size: number } & ModelRates)
  | ({ readonly kind: 'time'; readonly windowMs: number; readonly buckets: number } & ModelRates)

interface ModelRates {
  readonly failureRate: number
  readonly slowRate: number | undefined
  readonly minCalls: number
}

export type ModelOutcome = 'success' | 'failure' | 'ignore'

/** Something that happened; `permit` is the number of the permit, in the order in which they were given. */
export type HistoryEntry = { readonly atMs: number } & (
  | { readonly what: 'look' | 'acquire' | 'isolate' | 'release' | 'reset' | 'disable' | 'enable' | 'restore' }
  | {
      readonly what: 'settle'
      readonly permit: number
      readonly outcome: ModelOutcome
      readonly durationMs: number | undefined
    }
)

export interface Verdict {
  readonly state: string
  readonly retryAfterMs: number
  /** Whether the last acquisition gave a permit. */
  readonly isAdmitted: boolean
  readonly counts: ModelCounts
}

/** The numbers that a breaker shows by the same names. */
export const COUNTED = [
  'successes',
  'failures',
  'ignored',
  'slow',
  'rejected',
  'probes',
  'opened',
  'lateSettlements',
  'doubleSettlements',
  'hungProbes',
] as const

export type ModelCounts = Record<(typeof COUNTED)[number], number>

interface ModelPermit {
  /** The life of the circuit in which it was given; undefined when it never counts. */
  readonly life: number | undefined
  readonly atMs: number
  isSettled: boolean
  isHung: boolean
}

interface CountedCall {
  readonly atMs: number
  readonly isFailure: boolean
  readonly isSlow: boolean
}

function noCounts(): ModelCounts {
  return {
    successes: 0,
    failures: 0,
    ignored: 0,
    slow: 0,
    rejected: 0,
    probes: 0,
    opened: 0,
    lateSettlements: 0,
    doubleSettlements: 0,
    hungProbes: 0,
  }
}

/** Where the breaker has to be after `history`. */
export function judge(history: readonly HistoryEntry[], rules: ModelRules): Verdict {
  const replay = new Replay(rules)
  for (const entry of history) replay.take(entry)
  return replay.verdict(history.at(-1)?.atMs ?? 0)
}

class Replay {
  readonly #rules: ModelRules
  readonly #permits: ModelPermit[] = []
  /** Those of this life that may hold a place. */
  #probes: ModelPermit[] = []
  #counts = noCounts()
  #circuit: 'closed' | 'open' | 'half-open' = 'closed'
  #life = 0
  #calls: CountedCall[] = []
  #openUntilMs = 0
  #opens = 0
  /** Successes in this half-open life, and how many calls asked in the present stage of the ramp. */
  #recovered = 0
  #asked = 0
  #isIsolated = false
  #isDisabled = false
  #isAdmitted = false

  constructor(rules: ModelRules) {
    this.#rules = rules
  }

  take(entry: HistoryEntry): void {
    this.#passTime(entry.atMs)
    switch (entry.what) {
      case 'look':
        break
      case 'acquire':
        this.#acquire(entry.atMs)
        break
      case 'settle':
        this.#settle(entry)
        break
      case 'isolate':
        this.#isIsolated = true
        this.#beginLife(this.#circuit)
        break
      case 'release':
        this.#isIsolated = false
        break
      case 'reset':
        this.#forget()
        break
      case 'disable':
      case 'enable':
        if (this.#isDisabled === (entry.what === 'disable')) break
        this.#isDisabled = entry.what === 'disable'
        this.#forget()
        break
      case 'restore':
        this.#restore()
        break
    }
  }

  verdict(nowMs: number): Verdict {
    this.#passTime(nowMs)
    const state = this.#isIsolated ? 'isolated' : this.#isDisabled ? 'disabled' : this.#circuit
    const retryAfterMs = state === 'isolated' ? Infinity : state === 'open' ? this.#openUntilMs - nowMs : 0
    return { state, retryAfterMs, isAdmitted: this.#isAdmitted, counts: this.#counts }
  }

  #passTime(nowMs: number): void {
    if (this.#circuit === 'open' && nowMs >= this.#openUntilMs) this.#beginLife('half-open')
    for (const permit of this.#probes) {
      if (holdsPlace(permit) && nowMs - permit.atMs >= this.#rules.maxWaitMs) {
        permit.isHung = true
        this.#counts.hungProbes++
      }
    }
  }

  #acquire(nowMs: number): void {
    const isLet = !this.#isIsolated && (this.#isDisabled || this.#lets())
    if (!isLet) this.#counts.rejected++
    const isProbing = isLet && !this.#isDisabled && this.#circuit === 'half-open'
    if (isProbing) this.#counts.probes++
    this.#isAdmitted = isLet || this.#rules.isReportOnly
    if (!this.#isAdmitted) return
    const life = isLet && !this.#isDisabled ? this.#life : undefined
    const permit = { life, atMs: nowMs, isSettled: false, isHung: false }
    this.#permits.push(permit)
    if (isProbing && this.#stage().number === 0) this.#probes.push(permit)
  }

  #lets(): boolean {
    if (this.#circuit !== 'half-open') return this.#circuit === 'closed'
    const { number, share } = this.#stage()
    if (number === 0) return this.#probes.filter((permit) => holdsPlace(permit)).length < this.#rules.probes
    // of n calls that asked, as many pass as the share of n, rounded up
    const passed = Math.ceil(this.#asked * share)
    this.#asked++
    return Math.ceil(this.#asked * share) > passed
  }

  /** The stage that so many successes have led to; one past the ramp means recovered. */
  #stage(): { readonly number: number; readonly share: number } {
    const { successes, ramp, rampSuccesses } = this.#rules
    if (this.#recovered < successes) return { number: 0, share: 0 }
    const number = 1 + Math.floor((this.#recovered - successes) / rampSuccesses)
    return { number, share: ramp[number - 1] ?? 1 }
  }

  #settle({ permit: index, outcome, durationMs, atMs }: HistoryEntry & { readonly what: 'settle' }): void {
    const permit = this.#permits[index]
    if (permit === undefined) throw new Error(`there is no permit ${index}`)
    if (permit.isSettled) {
      this.#counts.doubleSettlements++
      return
    }
    permit.isSettled = true
    if (permit.life !== undefined && permit.life !== this.#life) {
      this.#counts.lateSettlements++
      return
    }
    if (outcome === 'ignore') {
      this.#counts.ignored++
      return
    }
    const isFailure = outcome === 'failure'
    const isSlow = (durationMs ?? atMs - permit.atMs) > this.#rules.slowCallMs
    this.#counts[isFailure ? 'failures' : 'successes']++
    if (isSlow) this.#counts.slow++
    if (permit.life === undefined) return
    if (this.#circuit === 'closed') this.#countCall({ atMs, isFailure, isSlow })
    else
      this.#countProbe(
        isFailure || (isSlow && this.#rules.trips.some((trip) => 'slowRate' in trip && trip.slowRate !== undefined)),
        atMs,
      )
  }

  #countCall(call: CountedCall): void {
    this.#calls.push(call)
    if (this.#rules.trips.some((trip) => isMet(trip, this.#calls, call.atMs))) this.#open(call.atMs)
  }

  #countProbe(isBad: boolean, nowMs: number): void {
    if (isBad) {
      this.#open(nowMs)
      return
    }
    const before = this.#stage().number
    this.#recovered++
    const after = this.#stage().number
    if (after > before) this.#asked = 0
    if (after <= this.#rules.ramp.length) return
    this.#opens = 0
    this.#beginLife('closed')
  }

  #open(nowMs: number): void {
    const { openMs } = this.#rules
    this.#openUntilMs = nowMs + (openMs[Math.min(this.#opens, openMs.length - 1)] ?? 0)
    this.#opens++
    this.#counts.opened++
    this.#beginLife('open')
  }

  #beginLife(circuit: 'closed' | 'open' | 'half-open'): void {
    this.#circuit = circuit
    this.#life++
    this.#calls = []
    this.#probes = []
    this.#recovered = 0
    this.#asked = 0
  }

  #forget(): void {
    this.#opens = 0
    this.#beginLife('closed')
  }

  /** Another breaker goes on from here: permits and numbers stay behind with the old one. */
  #restore(): void {
    this.#permits.length = 0
    this.#probes = []
    this.#counts = noCounts()
    this.#isIsolated = false
    this.#isDisabled = false
    this.#asked = 0
  }
}

function holdsPlace({ isSettled, isHung }: ModelPermit): boolean {
  return !isSettled && !isHung
}

function isMet(trip: ModelTrip, calls: readonly CountedCall[], nowMs: number): boolean {
  if (trip.kind === 'consecutive') {
    return calls.length >= trip.failures && calls.slice(-trip.failures).every((call) => call.isFailure)
  }
  const window = trip.kind === 'count' ? calls.slice(-trip.size) : calls.filter((call) => isWithin(trip, call, nowMs))
  if (window.length < trip.minCalls) return false
  const share = (isHit: (call: CountedCall) => boolean): number =>
    window.filter((call) => isHit(call)).length / window.length
  return (
    share((call) => call.isFailure) >= trip.failureRate ||
    (trip.slowRate !== undefined && share((call) => call.isSlow) >= trip.slowRate)
  )
}

function isWithin(trip: ModelTrip & { readonly kind: 'time' }, call: CountedCall, nowMs: number): boolean {
  const sliceMs = trip.windowMs / trip.buckets
  return Math.floor(nowMs / sliceMs) - Math.floor(call.atMs / sliceMs) < trip.buckets
}
