import { checkDuration, checkInteger, checkOnEvent, checkSignal, checkText } from '../errors/option-checks.ts'
import { disposedError } from '../concurrency/disposed-error.ts'
import { rejectAll, Waiter, WaiterQueue, type WaitLimit } from '../concurrency/waiter-queue.ts'
import { checkMaxWaiting, checkRoom } from '../concurrency/waiting-bound.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { RateLimitedError } from './rate-limited-error.ts'
import type {
  RateAcquireOptions,
  RateLimiter,
  RateLimiterOptions,
  RateLimiterStats,
  Reservation,
  ReserveOptions,
} from './rate-limiter.ts'
import { LineMember, type RateLine } from './rate-line.ts'

const refused = new ObservationPoint('x:loop-utils:rate-limiter:refuse')

/** What a LineLimiter is made of beside its lines. */
export interface LineLimiterParts extends RateLimiterOptions {
  /** Whether its lines are those of other limiters; if not, they are its own. */
  readonly isCombined?: boolean
}

/**
 * A limiter over one or several lines. Those who wait stand in a queue of its own, and it lets the first of them stand
 * in one line at a time: the one that it would have to wait for longest. When the turn comes there, and all other lines
 * admit it, too, everything is taken at once; otherwise it moves on to a line that does not. Nothing is held meanwhile.
 */
export class LineLimiter implements RateLimiter {
  readonly lines: readonly RateLine[]
  readonly #name: string
  readonly #observer: Observer
  readonly #isCombined: boolean
  #isDisposed = false
  readonly #maxWaiting: number
  readonly #limit: number
  readonly #queue = new WaiterQueue<Waiter<void, number>>()
  readonly #agent: Agent
  /** Tokens that those who wait ask for. */
  #need = 0
  #taken = 0
  #refused = 0

  constructor(
    lines: readonly RateLine[],
    { name = 'rate limiter', maxWaiting, onEvent, isCombined = false }: LineLimiterParts,
  ) {
    this.lines = lines
    this.#name = checkText('name', name)
    this.#isCombined = isCombined
    this.#observer = { onEvent: checkOnEvent(onEvent) }
    this.#maxWaiting = checkMaxWaiting(maxWaiting)
    this.#limit = Math.min(...lines.map((line) => line.limit))
    this.#agent = new Agent((line) => this.#advance(line))
  }

  get tokens(): number {
    const now = this.#now()
    return Math.min(...this.lines.map((line) => line.ledger.tokens(now)))
  }

  get waiting(): number {
    return this.#queue.size
  }

  tryAcquire(n?: number): boolean {
    const tokens = this.#check(n)
    const isFree = !this.#isDisposed && this.#isFree(tokens)
    if (isFree) this.#take(tokens)
    else this.#refuse(tokens)
    return isFree
  }

  acquire(n?: number, options: RateAcquireOptions = {}): Promise<void> {
    try {
      const { signal, maxWaitMs = Infinity } = options
      checkSignal('signal', signal)?.throwIfAborted()
      checkDuration('maxWaitMs', maxWaitMs, { infinite: true })
      const tokens = this.#check(n)
      if (this.#isDisposed) throw disposedError(this.#name)
      if (!this.#isFree(tokens)) return this.#wait(tokens, signal, maxWaitMs)
      this.#take(tokens)
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  reserve(n?: number, { maxDelayMs = Infinity }: ReserveOptions = {}): Reservation | undefined {
    const tokens = this.#check(n)
    checkDuration('maxDelayMs', maxDelayMs, { infinite: true })
    const now = this.#now()
    const isLineFree = this.#queue.size === 0 && this.lines.every((line) => line.length === 0)
    const isRoom = this.lines.every((line) => line.ledger.reserved(now) < this.#maxWaiting)
    const at = Math.max(...this.lines.map((line) => line.ledger.earliest(tokens, now)))
    if (this.#isDisposed || !isLineFree || !isRoom || at - now > maxDelayMs) {
      this.#refuse(tokens)
      return undefined
    }
    this.#taken += tokens
    return at > now ? this.#reserveAt(tokens, at) : this.#reserveNow(tokens)
  }

  retryAfterMs(n?: number): number {
    return this.#waitFor(this.#need + this.#check(n))
  }

  rejectWaiting(reason: unknown): number {
    this.#need = 0
    const count = rejectAll(this.#queue, reason)
    this.#leaveLine()
    return count
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(disposedError(this.#name))
  }

  stats(): RateLimiterStats {
    const taken = this.#isCombined ? this.#taken : this.#firstLine().ledger.taken
    return { waiting: this.waiting, taken, refused: this.#refused }
  }

  #refuse(n: number): void {
    this.#refused++
    if (!refused.isObserved(this.#observer)) return
    refused.publish(
      { limiter: this.#name, n, waiting: this.waiting, retryAfterMs: this.#waitFor(this.#need + n) },
      this.#observer,
    )
  }

  #isFree(n: number): boolean {
    return this.#queue.size === 0 && this.#obstruction(n) === undefined
  }

  #take(n: number): void {
    const now = this.#now()
    this.#taken += n
    for (const line of this.lines) line.ledger.take(n, now)
  }

  #wait(n: number, signal: AbortSignal | undefined, maxWaitMs: number): Promise<void> {
    this.#checkWait(n, maxWaitMs)
    const wait = Waiter.in(this.#queue, n, {
      abort: signal,
      limit: maxWaitMs === Infinity ? undefined : this.#waitLimit(n, maxWaitMs),
      onGiveUp: () => this.#afterGiveUp(n),
    })
    this.#need += n
    if (this.#queue.size === 1) this.#advance()
    return wait
  }

  #waitLimit(n: number, ms: number): WaitLimit {
    return {
      clock: this.#firstLine().clock,
      ms,
      onDue: () => {
        for (const line of this.lines) line.serve()
      },
      toError: () => {
        this.#refuse(n)
        return new RateLimitedError(this.#name, this.#waitFor(this.#need))
      },
    }
  }

  /** A wait for which there is no room, or that is known to be too long, is not begun. */
  #checkWait(n: number, maxWaitMs: number): void {
    const isRoom = this.#queue.size < this.#maxWaiting
    const waitMs = maxWaitMs === Infinity ? 0 : this.#waitFor(this.#need + n)
    if (isRoom && waitMs <= maxWaitMs) return
    this.#refuse(n)
    checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.#name}`)
    throw new RateLimitedError(this.#name, waitMs)
  }

  #afterGiveUp(n: number): void {
    this.#need -= n
    if (this.#agent.waiter === this.#queue.first) return
    this.#leaveLine()
    this.#advance()
  }

  /** Serves those whose turn it is. At `reached` the first one need not stand in line any more. */
  #advance(reached?: RateLine): void {
    for (let passed = reached; ; passed = undefined) {
      const { first } = this.#queue
      if (first === undefined) return
      const line = this.#obstruction(first.payload, passed)
      if (line !== undefined) {
        this.#agent.standFor(first, line)
        return
      }
      this.#need -= first.payload
      this.#take(first.payload)
      first.resolve()
    }
  }

  #leaveLine(): void {
    this.#agent.leave()
  }

  /** The line that `n` tokens have to wait for longest; undefined when all are there. */
  #obstruction(n: number, passed?: RateLine): RateLine | undefined {
    const now = this.#now()
    let worst: RateLine | undefined
    let worstAt = -Infinity
    for (const line of this.lines) {
      const isFree = (line.length === 0 || line === passed) && line.ledger.earliest(n, now) <= now
      const at = isFree ? -Infinity : line.earliestBehind(n, this.#agent, now)
      if (at > worstAt) {
        worst = line
        worstAt = at
      }
    }
    return worst
  }

  #reserveAt(n: number, at: number): Reservation {
    const turns = this.lines.map((line) => ({ line, turn: line.ledger.reserve(n, at) }))
    const cancel = (): boolean => {
      const now = this.#now()
      const isBack = turns.filter(({ line, turn }) => line.ledger.cancel(turn, now)).length > 0
      if (isBack) this.#taken -= n
      for (const { line } of turns) line.serve()
      return isBack
    }
    return { delayMs: at - this.#now(), cancel }
  }

  #reserveNow(n: number): Reservation {
    const now = this.#now()
    for (const line of this.lines) line.ledger.take(n, now)
    return { delayMs: 0, cancel: () => false }
  }

  /** How long until the last of `n` tokens could be taken behind the lines. */
  #waitFor(n: number): number {
    const now = this.#now()
    return Math.max(...this.lines.map((line) => line.earliestBehind(n, this.#agent, now))) - now
  }

  #check(n = 1): number {
    return checkInteger('n', n, { min: 1, max: this.#limit })
  }

  #now(): number {
    return this.#firstLine().clock.now()
  }

  #firstLine(): RateLine {
    return this.lines[0] as RateLine
  }
}

/** Stands in a line for the first who waits at a limiter. */
class Agent extends LineMember {
  waiter: Waiter<void, number> | undefined
  need = 0
  #line: RateLine | undefined
  readonly #onReached: (line: RateLine) => void

  constructor(onReached: (line: RateLine) => void) {
    super()
    this.#onReached = onReached
  }

  standFor(waiter: Waiter<void, number>, line: RateLine): void {
    this.waiter = waiter
    this.#line = line
    this.need = waiter.payload
    line.enter(this)
  }

  leave(): void {
    this.waiter = undefined
    this.#line?.leave(this)
  }

  reached(line: RateLine): void {
    this.#onReached(line)
  }
}
