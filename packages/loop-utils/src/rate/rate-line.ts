import type { Clock, Timer } from '../clock/clock.ts'
import { QueueLink, WaiterQueue } from '../concurrency/waiter-queue.ts'
import { RateLedger } from './rate-ledger.ts'
import type { RateRule } from './rate-rule.ts'

/** One who stands in a line, on behalf of whoever waits longest at a limiter. */
export abstract class LineMember extends QueueLink {
  /** How many tokens it asks for. */
  abstract readonly need: number
  /** It has left the line as the first, and its tokens are there at this moment. */
  abstract reached(line: RateLine): void
}

/** One rule and the line of those who wait for it: first come first served, with one timer, for the first. */
export class RateLine {
  readonly clock: Clock
  readonly limit: number
  readonly ledger: RateLedger
  readonly #queue = new WaiterQueue<LineMember>()
  /** Tokens that those in line ask for. */
  #need = 0
  #timer: Timer | undefined

  constructor(rule: RateRule, clock: Clock) {
    this.clock = clock
    this.limit = rule.limit
    this.ledger = new RateLedger(rule)
  }

  get length(): number {
    return this.#queue.size
  }

  /** When `n` tokens could be taken behind the line; `member`, who may stand in it, does not count. */
  earliestBehind(n: number, member: LineMember, nowMs: number): number {
    const own = this.#has(member) ? member.need : 0
    return this.ledger.earliest(this.#need - own + n, nowMs)
  }

  enter(member: LineMember): void {
    this.#queue.push(member)
    this.#need += member.need
    if (this.#queue.first === member) this.serve()
  }

  leave(member: LineMember): void {
    const wasFirst = this.#queue.first === member
    if (this.#remove(member) && wasFirst) this.serve()
  }

  /** Lets those go for whom there are tokens, and sets the timer for the next. */
  serve(): void {
    for (;;) {
      const { first } = this.#queue
      const now = this.clock.now()
      const at = first === undefined ? now : this.ledger.earliest(first.need, now)
      this.#timer?.[Symbol.dispose]()
      this.#timer = at > now ? this.clock.setTimer(() => this.serve(), at - now) : undefined
      if (first === undefined || at > now) return
      this.#remove(first)
      first.reached(this)
    }
  }

  #has(member: LineMember): boolean {
    return (member.queue as unknown) === this.#queue
  }

  #remove(member: LineMember): boolean {
    if (!this.#queue.remove(member)) return false
    this.#need -= member.need
    return true
  }
}
