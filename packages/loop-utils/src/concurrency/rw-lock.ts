import type { HeldPermit } from './held-permit.ts'
import type { SemaphoreOptions } from './semaphore.ts'
import { TurnQueue, type TurnStats, type WaitForTurnOptions } from './turn-queue.ts'

type Access = 'read' | 'write'

/** What a lock did so far. */
export interface RwLockStats extends TurnStats {
  /** How many readers are inside. */
  readonly readers: number
  /** How many writers are inside: one or none. */
  readonly writers: number
}

/**
 * Lets many readers in together, or one writer alone. Strictly first come first served: a reader that comes after a
 * waiting writer waits behind it, so neither side starves. It is not re-entrant.
 *
 * @example
 * const routes = await lock.read(() => table.snapshot())
 * await lock.write(() => table.replace(next))
 */
export class RwLock implements Disposable {
  readonly #turns: TurnQueue<Access>
  #readers = 0
  #isWriting = false

  /** @throws OptionError when an option is out of range */
  constructor(options: SemaphoreOptions = {}) {
    this.#turns = new TurnQueue(options.name ?? 'lock', options.maxWaiting, {
      admits: (access) => !this.#isWriting && (access === 'read' || this.#readers === 0),
      enter: (access) => this.#count(access, 1),
      leave: (access) => this.#count(access, -1),
    })
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
    return this.#turns.waiting
  }

  /**
   * Waits until it may read. Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait
   * already, and with a CancelledError once the lock is disposed of.
   */
  acquireRead(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#turns.acquire('read', options)
  }

  /** Waits until it may write; rejects as {@link acquireRead} does. */
  acquireWrite(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#turns.acquire('write', options)
  }

  /** Enters as a reader now, or returns undefined when a writer is inside, anyone waits, or it is disposed of. */
  tryAcquireRead(): HeldPermit | undefined {
    return this.#turns.tryAcquire('read')
  }

  /** Enters as a writer now, or returns undefined when anyone is inside or waits, or it is disposed of. */
  tryAcquireWrite(): HeldPermit | undefined {
    return this.#turns.tryAcquire('write')
  }

  /** Calls `fn` as a reader, and leaves when that has settled. After an abort `fn` is not called. */
  read<T>(fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#turns.run('read', fn, options)
  }

  /** Calls `fn` as the only one inside, and leaves when that has settled. After an abort `fn` is not called. */
  write<T>(fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#turns.run('write', fn, options)
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return this.#turns.rejectWaiting(reason)
  }

  stats(): RwLockStats {
    return { readers: this.#readers, writers: this.#isWriting ? 1 : 0, ...this.#turns.stats() }
  }

  /** Rejects all who wait, and who asks from now on, with a CancelledError. Who is inside stays there. */
  [Symbol.dispose](): void {
    this.#turns.dispose()
  }

  #count(access: Access, delta: 1 | -1): void {
    if (access === 'read') this.#readers += delta
    else this.#isWriting = delta === 1
  }
}
