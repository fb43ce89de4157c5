import { checkInteger, checkSignal, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import type { ThreadSemaphore } from '../shared/thread-semaphore.ts'
import { HeldPermit } from './held-permit.ts'
import { KeyedSemaphore } from './keyed-semaphore.ts'
import { runHolding } from './run-holding.ts'
import { Semaphore } from './semaphore.ts'
import type { TurnStats, WaitForTurnOptions } from './turn-queue.ts'

/** Where every copy of this package on the thread finds the one limiter. The number is that of its interface. */
const REGISTERED: unique symbol = Symbol.for('@x/loop-utils/handshake-limiter/1')

export interface HandshakeLimits {
  /** How many handshakes go on at a time in all. Default 16. */
  readonly concurrent?: number
  /** How many go on at a time with one host. Default 2. */
  readonly perHost?: number
}

/** What a handshake limiter did so far. */
export interface HandshakeStats extends TurnStats {
  /** How many go on. */
  readonly running: number
}

/**
 * Lets a bounded number of handshakes go on at a time, in all and with each host, so that a fleet that comes back at
 * once does not drown the loop in cryptography nor the peer in connections. First come first served at each of the two.
 */
export interface HandshakeLimiter {
  readonly concurrent: number
  readonly perHost: number
  /** How many go on. */
  readonly running: number
  /** How many wait, at their host or for their turn among all. */
  readonly waiting: number
  /** Counts the handshakes of all threads together, once they are shared. */
  readonly total: ThreadSemaphore | undefined
  /** Waits for its turn. Rejects with `signal.reason` at the abort. */
  acquire(host: string, options?: WaitForTurnOptions): Promise<HeldPermit>
  /** Waits for its turn and calls `fn`; after an abort `fn` is not called. */
  run<T>(host: string, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T>
  stats(): HandshakeStats
  /**
   * Has handshakes count in `total`, too, those that go on included: what `shareHandshakes` and `joinHandshakes` of
   * `@x/loop-utils/shared` do.
   *
   * @throws ServiceStateError when they are shared already, or more go on than `total` admits
   */
  shareBy(total: ThreadSemaphore): void
}

/** A limiter that somebody owns. */
export interface OwnHandshakeLimiter extends HandshakeLimiter, Disposable {
  /** Rejects all who wait, and who comes from now on, with a CancelledError. Handshakes that go on stay so. */
  [Symbol.dispose](): void
}

/**
 * The one handshake limiter of this thread, which all copies of this package share. Nothing uses it unasked: whoever
 * wants its handshakes limited together with others' calls this and runs them through it. The first call sets the
 * limits; to ask for others later is an error, as somebody relies on those that hold. Each worker
 * thread has its own, unless they are shared: see `shareHandshakes`.
 *
 * @throws OptionError when a limit is out of range, or differs from the one that holds
 * @example
 * const socket = await handshakeLimiter().run(host, () => connectTls(host), { signal })
 */
export function handshakeLimiter(limits: HandshakeLimits = {}): HandshakeLimiter {
  const registry = globalThis as { [REGISTERED]?: HandshakeLimiter }
  const limiter = (registry[REGISTERED] ??= new StepwiseLimiter(limits))
  for (const key of ['concurrent', 'perHost'] as const) {
    const asked = limits[key]
    if (asked !== undefined && asked !== limiter[key]) {
      throw new OptionError(key, asked, `${limiter[key]}, the limit that holds on this thread, or leave it out`)
    }
  }
  return limiter
}

/**
 * A handshake limiter of its own, shared with nobody.
 *
 * @throws OptionError when a limit is out of range
 */
export function createHandshakeLimiter(limits: HandshakeLimits = {}): OwnHandshakeLimiter {
  return new DisposableLimiter(limits)
}

/** Who waits at its host holds nothing of the others, so a host that does not answer takes up `perHost` places. */
class StepwiseLimiter implements HandshakeLimiter {
  readonly concurrent: number
  readonly perHost: number
  protected readonly hosts: KeyedSemaphore<string>
  protected readonly all: Semaphore
  #total: ThreadSemaphore | undefined
  /** Places among all threads of handshakes that had begun before those were shared. */
  #adopted: HeldPermit[] = []
  #running = 0
  #waiting = 0
  #acquired = 0
  #rejected = 0

  constructor({ concurrent = 16, perHost = 2 }: HandshakeLimits) {
    this.concurrent = checkInteger('concurrent', concurrent, { min: 1 })
    this.perHost = checkInteger('perHost', perHost, { min: 1 })
    this.hosts = new KeyedSemaphore(perHost, { name: 'handshakes of a host' })
    this.all = new Semaphore(concurrent, { name: 'handshakes' })
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting
  }

  get total(): ThreadSemaphore | undefined {
    return this.#total
  }

  async acquire(host: string, options?: WaitForTurnOptions): Promise<HeldPermit> {
    checkText('host', host)
    const signal = checkSignal('signal', options?.signal)
    signal?.throwIfAborted()
    const places: HeldPermit[] = []
    this.#waiting++
    try {
      places.push(await this.hosts.acquire(host, { signal }))
      places.push(await this.all.acquire({ signal }))
      if (this.#total !== undefined) places.push(await this.#total.acquire({ signal, ref: true }))
    } catch (error) {
      this.#rejected++
      releaseAll(places)
      throw error
    } finally {
      this.#waiting--
    }
    return this.#begin(places)
  }

  run<T>(host: string, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return runHolding(() => this.acquire(host, options), fn, options)
  }

  shareBy(total: ThreadSemaphore): void {
    if (this.#total !== undefined) {
      throw new ServiceStateError('share handshakes', 'they are shared already', 'share or join once on each thread')
    }
    const adopted = Array.from({ length: this.#running }, () => total.tryAcquire())
    const places = adopted.filter((place) => place !== undefined)
    if (places.length < adopted.length) {
      releaseAll(places)
      const state = `${this.#running} go on here and ${total.capacity - total.available} on other threads`
      throw new ServiceStateError('share handshakes', state, 'do so before the first one')
    }
    this.#adopted = places
    this.#total = total
  }

  stats(): HandshakeStats {
    const refused = this.hosts.stats().refused + this.all.stats().refused
    const counts = { acquired: this.#acquired, refused, abandoned: this.#rejected - refused }
    return { running: this.#running, waiting: this.#waiting, ...counts }
  }

  #begin(places: HeldPermit[]): HeldPermit {
    this.#running++
    this.#acquired++
    const isCountedByAll = this.#total !== undefined
    return new HeldPermit(() => {
      this.#running--
      releaseAll(places)
      if (!isCountedByAll) this.#adopted.pop()?.release()
    })
  }
}

/** One that somebody owns. */
class DisposableLimiter extends StepwiseLimiter implements OwnHandshakeLimiter {
  [Symbol.dispose](): void {
    this.hosts[Symbol.dispose]()
    this.all[Symbol.dispose]()
    this.total?.[Symbol.dispose]()
  }
}

function releaseAll(places: readonly HeldPermit[]): void {
  for (const place of places) place.release()
}
