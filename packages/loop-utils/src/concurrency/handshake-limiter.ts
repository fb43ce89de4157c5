import { checkFunction, checkInteger, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { HeldPermit } from './held-permit.ts'
import { KeyedSemaphore } from './keyed-semaphore.ts'
import { Semaphore } from './semaphore.ts'
import type { WaitForTurnOptions } from './turn-queue.ts'

/** Where every copy of this package on the thread finds the one limiter. The number is that of its interface. */
const REGISTERED: unique symbol = Symbol.for('@x/loop-utils/handshake-limiter/1')

export interface HandshakeLimits {
  /** How many handshakes go on at a time in all. Default 16. */
  readonly concurrent?: number
  /** How many go on at a time with one host. Default 2. */
  readonly perHost?: number
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
  /** Waits for its turn. Rejects with `signal.reason` at the abort. */
  acquire(host: string, options?: WaitForTurnOptions): Promise<HeldPermit>
  /** Waits for its turn and calls `fn`; after an abort `fn` is not called. */
  run<T>(host: string, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T>
}

/**
 * The one handshake limiter of this thread, which all copies of this package share. Nothing uses it unasked: whoever
 * wants its handshakes limited together with others' calls this and runs them through it. The first call sets the
 * limits; to ask for others later is an error, as somebody relies on those that hold. Each worker thread has its own.
 *
 * @throws OptionError when a limit is out of range, or differs from the one that holds
 * @example
 * const socket = await handshakeLimiter().run(host, () => connectTls(host), { signal })
 */
export function handshakeLimiter(limits: HandshakeLimits = {}): HandshakeLimiter {
  const registry = globalThis as { [REGISTERED]?: HandshakeLimiter }
  const limiter = (registry[REGISTERED] ??= createHandshakeLimiter(limits))
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
export function createHandshakeLimiter({ concurrent = 16, perHost = 2 }: HandshakeLimits = {}): HandshakeLimiter {
  checkInteger('concurrent', concurrent, { min: 1 })
  return new TwoStepLimiter(concurrent, checkInteger('perHost', perHost, { min: 1 }))
}

/** Who waits at its host holds nothing of the others, so a host that does not answer takes up `perHost` places. */
class TwoStepLimiter implements HandshakeLimiter {
  readonly concurrent: number
  readonly perHost: number
  readonly #all: Semaphore
  readonly #hosts: KeyedSemaphore<string>
  #waitingAtHosts = 0

  constructor(concurrent: number, perHost: number) {
    this.concurrent = concurrent
    this.perHost = perHost
    this.#all = new Semaphore(concurrent, { name: 'handshakes' })
    this.#hosts = new KeyedSemaphore(perHost, { name: 'handshakes of a host' })
  }

  get running(): number {
    return this.concurrent - this.#all.available
  }

  get waiting(): number {
    return this.#waitingAtHosts + this.#all.waiting
  }

  async acquire(host: string, options?: WaitForTurnOptions): Promise<HeldPermit> {
    const ofHost = await this.#acquireHost(checkText('host', host), options)
    try {
      const ofAll = await this.#all.acquire(options && { signal: options.signal })
      return new HeldPermit(() => {
        ofHost.release()
        ofAll.release()
      })
    } catch (error) {
      ofHost.release()
      throw error
    }
  }

  async run<T>(host: string, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    checkFunction('fn', fn)
    const permit = await this.acquire(host, options)
    try {
      options?.signal?.throwIfAborted()
      return await fn()
    } finally {
      permit.release()
    }
  }

  async #acquireHost(host: string, options?: WaitForTurnOptions): Promise<HeldPermit> {
    this.#waitingAtHosts++
    try {
      return await this.#hosts.acquire(host, options)
    } finally {
      this.#waitingAtHosts--
    }
  }
}
