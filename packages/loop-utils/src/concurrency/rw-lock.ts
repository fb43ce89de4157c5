import { checkSignal } from '../errors/option-checks.ts'
import { HeldPermit } from './held-permit.ts'
import type { SemaphoreOptions, WaitForTurnOptions } from './semaphore.ts'
import { rejectAll, Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom } from './waiting-bound.ts'

type Access = 'read' | 'write'

/**
 * Lets many readers in together, or one writer alone. Strictly first come first served: a reader that comes after a
 * waiting writer waits behind it, so neither side starves. It is not re-entrant.
 *
 * @example
 * const routes = await lock.read(() => table.snapshot())
 * await lock.write(() => table.replace(next))
 */
export class RwLock {
  readonly #name: string
  readonly #maxWaiting: number
  readonly #queue = new WaiterQueue<Waiter<HeldPermit, Access>>()
  #readers = 0
  #isWriting = false

  /** @throws OptionError when an option is out of range */
  constructor(options: SemaphoreOptions = {}) {
    this.#name = options.name ?? 'lock'
    this.#maxWaiting = checkMaxWaiting(options.maxWaiting)
  }

  /** How many readers are inside. */
  get readers(): number {
    return this.#readers
  }

  /** Whether a writer is inside. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /** How many wait, readers and writers. */
  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Waits until it may read. Rejects with `signal.reason` at the abort, and with a QueueOverflowError when too many wait
   * already.
   */
  acquireRead(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#acquire('read', options)
  }

  /** Waits until it may write; rejects as {@link acquireRead} does. */
  acquireWrite(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#acquire('write', options)
  }

  /** Enters as a reader now, or returns undefined when a writer is inside or anyone waits. */
  tryAcquireRead(): HeldPermit | undefined {
    return this.#take('read')
  }

  /** Enters as a writer now, or returns undefined when anyone is inside or waits. */
  tryAcquireWrite(): HeldPermit | undefined {
    return this.#take('write')
  }

  /** Calls `fn` as a reader, and leaves when that has settled. After an abort `fn` is not called. */
  read<T>(fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#run('read', fn, options)
  }

  /** Calls `fn` as the only one inside, and leaves when that has settled. After an abort `fn` is not called. */
  write<T>(fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#run('write', fn, options)
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return rejectAll(this.#queue, reason)
  }

  async #run<T>(access: Access, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    const permit = await this.#acquire(access, options)
    try {
      options?.signal?.throwIfAborted()
      return await fn()
    } finally {
      permit.release()
    }
  }

  #acquire(access: Access, options: WaitForTurnOptions = {}): Promise<HeldPermit> {
    try {
      const signal = checkSignal('signal', options.signal)
      signal?.throwIfAborted()
      const permit = this.#take(access)
      if (permit !== undefined) return Promise.resolve(permit)
      checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.#name}`)
      return Waiter.in(this.#queue, access, { abort: signal, onGiveUp: () => this.#serve() })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #take(access: Access): HeldPermit | undefined {
    return this.#queue.size === 0 && this.#admits(access) ? this.#enter(access) : undefined
  }

  #admits(access: Access): boolean {
    return !this.#isWriting && (access === 'read' || this.#readers === 0)
  }

  #enter(access: Access): HeldPermit {
    if (access === 'read') this.#readers++
    else this.#isWriting = true
    return new HeldPermit(() => {
      if (access === 'read') this.#readers--
      else this.#isWriting = false
      this.#serve()
    })
  }

  #serve(): void {
    for (;;) {
      const { first } = this.#queue
      if (first === undefined || !this.#admits(first.payload)) return
      first.resolve(this.#enter(first.payload))
    }
  }
}
