import type { Clock, Timer } from '../clock/clock.ts'
import { Waiter, WaiterQueue } from '../concurrency/waiter-queue.ts'
import { checkRoom } from '../concurrency/waiting-bound.ts'
import { checkBoolean, checkDuration, checkInteger, checkNumber, checkSignal } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { KeepAlive } from '../host/keep-alive.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { AtomicMemory, type MemoryKind } from './atomic-memory.ts'
import { ARRIVAL, type GcraSettings, takeFromRate, waitForRate } from './gcra-protocol.ts'
import type { ThreadWaitOptions } from './loop-waits.ts'
import { runSteps } from './run-steps.ts'
import { checkThreadPrimitive, type ThreadPrimitiveOptions } from './thread-primitive.ts'

const KIND: MemoryKind = { name: 'ThreadRateLimiter', tag: 0x780a_7c05, bytes: 6 * 8 }

const NS_PER_MS = 1e6

/** The rate that all threads keep together; for who makes the limiter. */
export interface ThreadRate {
  /** How many permits there are in `perMs`, spread evenly. At most one a nanosecond. */
  readonly limit: number
  /** In milliseconds. Default 1000. */
  readonly perMs?: number
  /** How many permits may come at once after a quiet time. Default: `limit`, rounded up. */
  readonly burst?: number
}

/** How to wait for permits of a rate. */
export interface ThreadRateAcquireOptions extends Omit<ThreadWaitOptions, 'ref'> {
  /** Whether the wait keeps this thread's loop alive. Default true, as with a sleep: it ends by time. */
  readonly ref?: boolean
  /** How many permits to take together, at most the burst. Default 1. */
  readonly permits?: number
}

/**
 * A rate limiter that all threads share which have its buffer, by the generic cell rate algorithm: in any time `t` at
 * most `burst + t * limit / perMs` permits are given out in all. On one loop those who wait are served strictly first
 * come first served; between threads there is no order.
 *
 * Its state is one word, with neither lock nor timer, and a thread that dies takes nothing with it but the permits that
 * it had: those come back by time, as all do. The time of one permit is rounded up to whole nanoseconds.
 *
 * @example
 * ```ts
 * const handshakes = new ThreadRateLimiter({ limit: 10, perMs: 1000, burst: 2 })
 * new Worker(entry, { workerData: { handshakes: handshakes.buffer } })
 * await handshakes.acquire({ signal })
 * ```
 */
export class ThreadRateLimiter implements Policy {
  readonly name: string
  readonly #memory: AtomicMemory
  readonly #settings: GcraSettings
  readonly #clock: Clock
  /** What the clock showed when the limiter was made. */
  readonly #epochMs: number
  readonly #maxWaiting: number
  readonly #queue = new WaiterQueue<Waiter<undefined, number>>()
  readonly #keepAlive = new KeepAlive()
  /** Set while somebody waits: for when the first of them may go. */
  #timer: Timer | undefined

  /**
   * @param source the rate of a new limiter, or the `buffer` of one
   * @param options all threads must read the same time, as they do with the default clock, the system's
   * @throws OptionError
   */
  constructor(source: ThreadRate | SharedArrayBuffer, options: ThreadPrimitiveOptions = {}) {
    const { name, maxWaiting, clock } = checkThreadPrimitive(options, 'thread rate limiter')
    this.name = name
    this.#clock = clock
    this.#maxWaiting = maxWaiting
    if (source instanceof SharedArrayBuffer) {
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

  /** How many wait on this thread's loop. */
  get waiting(): number {
    return this.#queue.size
  }

  /**
   * In how many milliseconds there are `permits` (default 1), if nobody takes any before; 0 for now.
   *
   * @throws OptionError when it asks for more than the burst
   */
  retryAfterMs(permits?: number): number {
    const n = this.#checkPermits(permits)
    const wait = waitForRate(this.#memory.loadLong(ARRIVAL), { now: this.#now(), n }, this.#settings)
    return Number(wait) / NS_PER_MS
  }

  /**
   * Takes `permits` (default 1) now; returns false when there are too few, or others wait on this loop.
   *
   * @throws OptionError when it asks for more than the burst
   */
  tryAcquire(permits?: number): boolean {
    const n = this.#checkPermits(permits)
    return this.#queue.size === 0 && this.#take(n) === 0n
  }

  /**
   * Waits for permits. Who gives up takes none. Rejects with `signal.reason` at the abort, with TimeoutError when the
   * time is over, with QueueOverflowError when too many wait on this loop, and with OptionError.
   */
  async acquire(options: ThreadRateAcquireOptions = {}): Promise<void> {
    const { signal, timeoutMs = Infinity, ref = true, permits } = options
    checkSignal('signal', signal)?.throwIfAborted()
    checkDuration('timeoutMs', timeoutMs, { infinite: true })
    checkBoolean('ref', ref)
    const n = this.#checkPermits(permits)
    if (this.#queue.size === 0 && this.#take(n) === 0n) return
    await this.#waitFor(n, { signal, timeoutMs, ref })
  }

  /** Waits for one permit, then calls `fn`. */
  async execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    const scope = CallScope.enter(options)
    try {
      if (scope.aborted) throw scope.reason
      if (this.#queue.size > 0 || this.#take(1) > 0n) await this.#waitFor(1, { signal: scope.signal })
      return await raceAbort(scope, fn)
    } finally {
      scope.close()
    }
  }

  async #waitFor(n: number, { signal, timeoutMs = Infinity, ref = true }: ThreadRateAcquireOptions): Promise<void> {
    checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.name}`)
    const toError = (): TimeoutError => new TimeoutError(timeoutMs, 'total', { what: `acquisition of ${this.name}` })
    const limit = timeoutMs === Infinity ? undefined : { clock: this.#clock, ms: timeoutMs, toError }
    if (ref) this.#keepAlive.hold()
    try {
      const result = Waiter.in(this.#queue, n, { abort: signal, limit, onGiveUp: () => this.#serve() })
      this.#serve()
      await result
    } finally {
      if (ref) this.#keepAlive.release()
    }
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

  #take(n: number): bigint {
    return runSteps(takeFromRate(this.#memory, { now: this.#now(), n }, this.#settings))
  }

  #checkPermits(permits = 1): number {
    return checkInteger('permits', permits, { min: 1, max: this.#settings.burst })
  }

  #now(): bigint {
    return BigInt(Math.floor((this.#clock.now() - this.#epochMs) * NS_PER_MS))
  }
}

/** What never changes: the epoch in milliseconds, the time of a permit in nanoseconds, the burst. */
function factsOf(buffer: SharedArrayBuffer): Float64Array {
  return new Float64Array(buffer, 2 * 8, 3)
}

function checkRate({ limit, perMs = 1000, burst }: ThreadRate): [intervalNs: number, burst: number] {
  checkNumber('limit', limit)
  checkDuration('perMs', perMs)
  const interval = Math.ceil((perMs * NS_PER_MS) / limit)
  if (!(limit > 0) || !(interval >= 1) || interval > Number.MAX_SAFE_INTEGER) {
    throw new OptionError('limit', limit, 'from one permit in 100 days to one a nanosecond')
  }
  return [interval, checkInteger('burst', burst ?? Math.ceil(limit), { min: 1, max: 2 ** 31 - 1 })]
}
