import type { Clock, Timer } from '../clock/clock.ts'
import type { CancelledError } from '../concurrency/cancelled-error.ts'
import { disposedError } from '../concurrency/disposed-error.ts'
import { inScope } from '../concurrency/policy-scope.ts'
import { rejectAll, Waiter, WaiterQueue, type WaitLimit } from '../concurrency/waiter-queue.ts'
import { checkRoom } from '../concurrency/waiting-bound.ts'
import {
  checkBoolean,
  checkDuration,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkSignal,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { KeepAlive } from '../host/keep-alive.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { RateLimitedError } from '../rate/rate-limited-error.ts'
import type {
  RateAcquireOptions,
  RateLimiter,
  RateLimiterStats,
  Reservation,
  ReserveOptions,
} from '../rate/rate-limiter.ts'
import { AtomicMemory, type MemoryKind } from './atomic-memory.ts'
import { ARRIVAL, cancelTurn, type GcraSettings, reserveFromRate, takeFromRate, waitForRate } from './gcra-protocol.ts'
import { runSteps } from './run-steps.ts'
import { checkThreadPrimitive, type ThreadPrimitiveOptions } from './thread-primitive.ts'

const refused = new ObservationPoint('x:loop-utils:rate-limiter:refuse')

const KIND: MemoryKind = { name: 'ThreadRateLimiter', tag: 0x780a_7c05, bytes: 6 * 8 }

const NS_PER_MS = 1e6
/** Beyond it a delay is as good as endless. */
const ENDLESS_NS = 2n ** 62n
/** 73 years. Together with an endless delay, and the time since the limiter was made, it fits 63 bits. */
const LONGEST_REFILL_NS = 2 ** 61

/** The rate that all threads keep together; for who makes the limiter. */
export interface ThreadRate {
  /** How many are admitted in each `periodMs`, spread evenly. At most one a nanosecond. */
  readonly limit: number
  /** In milliseconds. Default 1000. */
  readonly periodMs?: number
  /**
   * How many may come ahead of their time, beside the one that is due. Default 0: strictly spaced. All of them must be
   * back within 73 years.
   */
  readonly burst?: number
}

/** How to wait for tokens. */
export interface ThreadRateAcquireOptions extends RateAcquireOptions {
  /** Whether the wait keeps this thread's loop alive. Default true, as with a sleep: it ends by time. */
  readonly ref?: boolean
}

interface Wait {
  readonly n: number
  readonly abort: AbortSignal | CallScope | undefined
  readonly maxWaitMs: number
  readonly isRef: boolean
}

/**
 * A rate limiter that all threads share which have its buffer, by the generic cell rate algorithm: in any time `t` at
 * most `burst + 1 + t * limit / periodMs` tokens are given out in all. On one loop those who wait are served strictly
 * first come first served; between threads there is no order.
 *
 * Its state is one word, with neither lock nor timer, and a thread that dies takes nothing with it but the tokens that it
 * had: those come back by time, as all do. The time of one token is rounded up to whole nanoseconds. `stats` tells what
 * this thread did; a reservation is given back only if no thread has taken anything since.
 *
 * @example
 * ```ts
 * const handshakes = new ThreadRateLimiter({ limit: 10, burst: 2 })
 * new Worker(entry, { workerData: { handshakes: handshakes.buffer } })
 * await handshakes.acquire(1, { signal })
 * ```
 */
export class ThreadRateLimiter implements RateLimiter, Policy {
  readonly name: string
  readonly #memory: AtomicMemory
  readonly #settings: GcraSettings
  readonly #clock: Clock
  /** What the clock showed when the limiter was made. */
  readonly #epochMs: number
  readonly #maxWaiting: number
  readonly #observer: Observer
  #isDisposed = false
  readonly #queue = new WaiterQueue<Waiter<undefined, number>>()
  readonly #keepAlive = new KeepAlive()
  /** Set while somebody waits: for when the first of them may go. */
  #timer: Timer | undefined
  /** Tokens that those who wait ask for. */
  #need = 0
  #taken = 0
  #refused = 0

  /**
   * @param source the rate of a new limiter, or the `buffer` of one
   * @param options all threads must read the same time, as they do with the default clock, the system's
   * @throws OptionError
   */
  constructor(source: ThreadRate | SharedArrayBuffer, options: ThreadPrimitiveOptions = {}) {
    const { name, maxWaiting, clock, onEvent } = checkThreadPrimitive(options, 'thread rate limiter')
    this.#observer = { onEvent }
    this.name = name
    this.#clock = clock
    this.#maxWaiting = maxWaiting
    if (AtomicMemory.isBuffer(source)) {
      this.#memory = AtomicMemory.attach(source, KIND)
    } else {
      const [interval, burst] = checkRate(source)
      this.#memory = AtomicMemory.create(KIND)
      factsOf(this.#memory.buffer).set([clock.now(), interval, burst])
    }
    const [epochMs = 0, interval = 0, burst = 0] = factsOf(this.#memory.buffer)
    this.#epochMs = epochMs
    this.#settings = { interval: BigInt(interval), burst }
  }

  /** To be given to other threads, which make their own object of it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  /** @inheritDoc */
  get tokens(): number {
    const { interval, burst } = this.#settings
    const ahead = this.#memory.loadLong(ARRIVAL) - this.#now()
    return ahead > 0n ? Math.max(0, burst - Number(ahead) / Number(interval)) : burst
  }

  /** How many wait on this thread's loop. */
  get waiting(): number {
    return this.#queue.size
  }

  /** @inheritDoc */
  tryAcquire(n?: number): boolean {
    const tokens = this.#check(n)
    const isTaken = this.#isTaken(tokens)
    if (!isTaken) this.#refuse(tokens)
    return isTaken
  }

  /** @inheritDoc */
  async acquire(n?: number, options: ThreadRateAcquireOptions = {}): Promise<void> {
    const { signal, maxWaitMs = Infinity, ref = true } = options
    checkSignal('signal', signal)?.throwIfAborted()
    checkDuration('maxWaitMs', maxWaitMs, { infinite: true })
    const wait: Wait = { n: this.#check(n), abort: signal, maxWaitMs, isRef: checkBoolean('ref', ref) }
    if (this.#isDisposed) throw this.#disposedError()
    if (!this.#isTaken(wait.n)) await this.#wait(wait)
  }

  /** @inheritDoc */
  reserve(n?: number, { maxDelayMs = Infinity }: ReserveOptions = {}): Reservation | undefined {
    const tokens = this.#check(n)
    checkDuration('maxDelayMs', maxDelayMs, { infinite: true })
    const maxDelay = maxDelayMs === Infinity ? ENDLESS_NS : BigInt(Math.floor(maxDelayMs * NS_PER_MS))
    const request = { now: this.#now(), n: tokens, maxDelay }
    const turn =
      this.#isDisposed || this.#queue.size > 0
        ? undefined
        : runSteps(reserveFromRate(this.#memory, request, this.#settings))
    if (turn === undefined) {
      this.#refuse(tokens)
      return undefined
    }
    this.#taken += tokens
    let isOpen = true
    const cancel = (): boolean => {
      if (!isOpen || this.#now() >= request.now + turn.delay) return false
      isOpen = false
      const isBack = runSteps(cancelTurn(this.#memory, turn))
      if (isBack) this.#taken -= tokens
      return isBack
    }
    return { delayMs: Number(turn.delay) / NS_PER_MS, cancel }
  }

  /** @inheritDoc */
  retryAfterMs(n?: number): number {
    return this.#waitMs(this.#need + this.#check(n))
  }

  /** @inheritDoc */
  rejectWaiting(reason: unknown): number {
    const count = rejectAll(this.#queue, reason)
    this.#serve()
    return count
  }

  /** As of any limiter, for this thread alone: others go on. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(this.#disposedError())
  }

  /** @inheritDoc */
  stats(): RateLimiterStats {
    return { waiting: this.waiting, taken: this.#taken, refused: this.#refused }
  }

  /** Waits for one token, then calls `fn`. */
  async execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    checkFunction('fn', fn)
    return await inScope(options, this.#clock, async (scope) => {
      if (this.#isDisposed) throw this.#disposedError()
      if (!this.#isTaken(1)) await this.#wait({ n: 1, abort: scope, maxWaitMs: Infinity, isRef: true })
      return await raceAbort(scope, fn)
    })
  }

  #disposedError(): CancelledError {
    return disposedError(this.name, 'make a new one of its buffer')
  }

  #refuse(n: number): void {
    this.#refused++
    if (!refused.isObserved(this.#observer)) return
    const data = { limiter: this.name, n, waiting: this.waiting, retryAfterMs: this.#waitMs(this.#need + n) }
    refused.publish(data, this.#observer)
  }

  async #wait({ n, abort, maxWaitMs, isRef }: Wait): Promise<void> {
    this.#checkWait(n, maxWaitMs)
    this.#need += n
    if (isRef) this.#keepAlive.hold()
    try {
      const limit = maxWaitMs === Infinity ? undefined : this.#limitOf(n, maxWaitMs)
      const turn = Waiter.in(this.#queue, n, { abort, limit, onGiveUp: () => this.#serve() })
      if (this.#queue.size === 1) this.#serve()
      await turn
    } finally {
      this.#need -= n
      if (isRef) this.#keepAlive.release()
    }
  }

  /** A wait for which there is no room, or that is known to be too long, is not begun. */
  #checkWait(n: number, maxWaitMs: number): void {
    const isRoom = this.#queue.size < this.#maxWaiting
    const waitMs = this.#waitMs(this.#need + n)
    if (isRoom && waitMs <= maxWaitMs) return
    this.#refuse(n)
    checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.name}`)
    throw new RateLimitedError(this.name, waitMs)
  }

  #limitOf(n: number, ms: number): WaitLimit {
    const toError = (): RateLimitedError => {
      this.#refuse(n)
      return new RateLimitedError(this.name, this.#waitMs(this.#need))
    }
    return { clock: this.#clock, ms, toError, onDue: () => this.#serve() }
  }

  /** Serves those who wait, in their order, until the first for whom there is not enough; comes back when there is. */
  #serve(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    for (const waiter of this.#queue) {
      const wait = this.#take(waiter.payload)
      if (wait > 0n) {
        this.#timer = this.#clock.setTimer(() => this.#serve(), Number(wait) / NS_PER_MS)
        return
      }
      waiter.resolve(undefined)
    }
  }

  #isTaken(n: number): boolean {
    return !this.#isDisposed && this.#queue.size === 0 && this.#take(n) === 0n
  }

  #take(n: number): bigint {
    const wait = runSteps(takeFromRate(this.#memory, { now: this.#now(), n }, this.#settings))
    if (wait === 0n) this.#taken += n
    return wait
  }

  #waitMs(n: number): number {
    const wait = waitForRate(this.#memory.loadLong(ARRIVAL), { now: this.#now(), n }, this.#settings)
    return Number(wait) / NS_PER_MS
  }

  #check(n = 1): number {
    return checkInteger('n', n, { min: 1, max: this.#settings.burst })
  }

  #now(): bigint {
    return BigInt(Math.floor((this.#clock.now() - this.#epochMs) * NS_PER_MS))
  }
}

/** What never changes: the epoch in milliseconds, the time of a token in nanoseconds, how many may come at once. */
function factsOf(buffer: SharedArrayBuffer): Float64Array {
  return new Float64Array(buffer, 2 * 8, 3)
}

function checkRate(rate: ThreadRate): [intervalNs: number, burst: number] {
  const { limit, periodMs = 1000, burst = 0 } = checkObject(rate, 'source')
  checkNumber('limit', limit)
  checkDuration('periodMs', periodMs)
  const interval = (periodMs * NS_PER_MS) / limit
  if (limit <= 0 || interval < 1 || interval > Number.MAX_SAFE_INTEGER) {
    throw new OptionError('limit', limit, 'from one token in 100 days to one a nanosecond')
  }
  const intervalNs = Math.ceil(interval)
  const max = Math.min(2 ** 31 - 2, Math.floor(LONGEST_REFILL_NS / intervalNs) - 1)
  return [intervalNs, checkInteger('burst', burst, { min: 0, max }) + 1]
}
