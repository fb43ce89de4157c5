import { QueueLink, WaiterQueue } from '../concurrency/waiter-queue.ts'
import type { RateRule } from './rate-rule.ts'

/** A turn in the future. */
export class ReservedTurn extends QueueLink {
  readonly n: number
  readonly atMs: number

  constructor(n: number, atMs: number) {
    super()
    this.n = n
    this.atMs = atMs
  }
}

/** What was taken by a rule, and what is reserved of it in the future, in the order of time. */
export class RateLedger {
  /** Tokens taken or reserved, and not given back. */
  taken = 0
  /** Counts the reserved turns as taken. */
  #rule: RateRule
  /** Does not count them; only while there are any. */
  #settled: RateRule | undefined
  readonly #reserved = new WaiterQueue<ReservedTurn>()
  #isStale = false

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  /** How many turns are reserved. */
  reserved(nowMs: number): number {
    this.#settle(nowMs)
    return this.#reserved.size
  }

  /** When `n` tokens may be taken, behind all reserved turns. */
  earliest(n: number, nowMs: number): number {
    this.#settle(nowMs)
    this.#refresh()
    return this.#rule.earliest(n, Math.max(nowMs, this.#reserved.last?.atMs ?? nowMs))
  }

  /** How many tokens could be taken now, a part of one included. */
  tokens(nowMs: number): number {
    this.#settle(nowMs)
    return this.#reserved.size > 0 ? 0 : this.#rule.tokens(nowMs)
  }

  /** Takes `n` tokens now. */
  take(n: number, nowMs: number): void {
    this.taken += n
    this.#rule.take(n, nowMs)
  }

  /** Takes `n` tokens at a time to come. */
  reserve(n: number, atMs: number): ReservedTurn {
    this.#refresh()
    this.#settled ??= this.#rule.copy()
    this.taken += n
    this.#rule.take(n, atMs)
    const turn = new ReservedTurn(n, atMs)
    this.#reserved.push(turn)
    return turn
  }

  /** Gives a turn back; false when its time has come. Later turns stay where they are. */
  cancel(turn: ReservedTurn, nowMs: number): boolean {
    this.#settle(nowMs)
    if (!this.#reserved.remove(turn)) return false
    this.taken -= turn.n
    this.#isStale = true
    return true
  }

  /** Turns whose time has come can no longer be given back. */
  #settle(nowMs: number): void {
    for (;;) {
      const { first } = this.#reserved
      if (first === undefined || first.atMs > nowMs) break
      this.#reserved.remove(first)
      this.#settled?.take(first.n, first.atMs)
    }
    if (this.#reserved.size > 0 || this.#settled === undefined) return
    this.#rule = this.#settled
    this.#settled = undefined
    this.#isStale = false
  }

  /** As if what was given back had never been taken. */
  #refresh(): void {
    if (!this.#isStale || this.#settled === undefined) return
    this.#rule = this.#settled.copy()
    for (const { n, atMs } of this.#reserved) this.#rule.take(n, atMs)
    this.#isStale = false
  }
}
