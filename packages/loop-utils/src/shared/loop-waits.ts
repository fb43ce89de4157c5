import type { Clock } from '../clock/clock.ts'
import { rejectAll, Waiter, WaiterQueue } from '../concurrency/waiter-queue.ts'
import { checkRoom } from '../concurrency/waiting-bound.ts'
import { checkBoolean, checkDuration, checkSignal } from '../errors/option-checks.ts'
import { KeepAlive } from '../host/keep-alive.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { runToPark } from './run-steps.ts'
import type { LoopMemory, Park, Protocol } from './shared-memory.ts'

/** How to wait on a loop for what another thread does. */
export interface ThreadWaitOptions {
  /** Its abort ends the wait at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /** Longest wait in milliseconds. Default `Infinity`. */
  readonly timeoutMs?: number
  /**
   * Whether the wait keeps this thread's loop alive. Default false, as with a ThreadEvent: a process with nothing else
   * to do exits.
   */
  readonly ref?: boolean
}

const waited = new ObservationPoint('x:loop-utils:thread-wait:end')

/** What this thread's loop has waited for at an object that threads share. */
export interface ThreadWaitStats {
  /** Waits that go on. */
  readonly waiting: number
  /** Waits that brought what they waited for, those that had it at once included. */
  readonly served: number
  /** Waits that ended without it: by an abort, by their time, or since too many waited. */
  readonly unserved: number
}

/** What a {@link LoopWaits} is made of. */
export interface LoopWaitsParts extends Observer {
  readonly memory: LoopMemory
  /** The cell that its protocols park on. */
  readonly cell: number
  /** Whether nobody is served before those who came earlier. Otherwise each is served as soon as that is possible. */
  readonly isInOrder: boolean
  readonly clock: Clock
  readonly maxWaiting: number
  /** Names the queue in errors and events. */
  readonly name: string
}

/**
 * All who wait on this loop for one cell of shared memory. However many they are, one `Atomics.waitAsync` serves them;
 * when the last of them gives up, it is woken, too, and nothing stays behind in the engine.
 */
export class LoopWaits<R> {
  readonly #parts: LoopWaitsParts
  readonly #queue = new WaiterQueue<Waiter<R, () => Protocol<R>>>()
  readonly #keepAlive = new KeepAlive()
  /** Whether a `waitAsync` is out. It may be on its way back already: then those who wait are woken once in vain. */
  #isWatching = false
  #served = 0
  #unserved = 0

  constructor(parts: LoopWaitsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#queue.size
  }

  stats(): ThreadWaitStats {
    return { waiting: this.size, served: this.#served, unserved: this.#unserved }
  }

  /**
   * Runs the protocol as often as it takes to come to its end. Rejects with `signal.reason`, with what `onTimeout` makes,
   * with QueueOverflowError when too many wait, and with OptionError.
   */
  async wait(start: () => Protocol<R>, options: ThreadWaitOptions, onTimeout: () => unknown): Promise<R> {
    const { signal, timeoutMs = Infinity, ref = false } = options
    checkSignal('signal', signal)?.throwIfAborted()
    checkDuration('timeoutMs', timeoutMs, { infinite: true })
    checkBoolean('ref', ref)
    const { clock, isInOrder, maxWaiting, name } = this.#parts
    if (!isInOrder || this.#queue.size === 0) {
      const progress = runToPark(start())
      if (progress.isDone) {
        this.#served++
        return progress.value
      }
    }
    const begunAtMs = clock.now()
    if (ref) this.#keepAlive.hold()
    let isServed = false
    try {
      checkRoom(this.#queue, maxWaiting, `queue of ${name}`)
      const limit =
        timeoutMs === Infinity ? undefined : { clock, ms: timeoutMs, toError: onTimeout, onDue: () => this.#serve() }
      const result = Waiter.in(this.#queue, start, { abort: signal, limit, onGiveUp: () => this.#serve() })
      this.#serve()
      const value = await result
      isServed = true
      return value
    } finally {
      if (ref) this.#keepAlive.release()
      this.#conclude(isServed, begunAtMs)
    }
  }

  /** Rejects all who wait; returns how many there were. */
  rejectAll(reason: unknown): number {
    const count = rejectAll(this.#queue, reason)
    this.#serve()
    return count
  }

  #conclude(isServed: boolean, begunAtMs: number): void {
    if (isServed) this.#served++
    else this.#unserved++
    if (!waited.isObserved(this.#parts)) return
    const { clock, name } = this.#parts
    waited.publish({ name, isServed, waitedMs: clock.now() - begunAtMs }, this.#parts)
  }

  #serve(): void {
    for (const waiter of this.#queue) {
      const isServed = this.#attempt(waiter)
      if (!isServed && this.#parts.isInOrder) break
    }
    // who gave up must not be left in the engine's list
    if (this.#isWatching && this.#queue.size === 0) this.#parts.memory.notify(this.#parts.cell)
  }

  #attempt(waiter: Waiter<R, () => Protocol<R>>): boolean {
    for (;;) {
      const progress = runToPark(waiter.payload())
      if (progress.isDone) {
        waiter.resolve(progress.value)
        return true
      }
      if (this.#watch(progress.park)) return false
    }
  }

  /** Whether a change of the cell from now on will be told; false when it has changed already. */
  #watch({ cell, expected }: Park): boolean {
    // a wait that is out stands in the list, or is on its way back: what changes from now on is told to it
    if (this.#isWatching) return true
    const changed = this.#parts.memory.waitAsync(cell, expected)
    if (changed === undefined) return false
    this.#isWatching = true
    void changed.then(() => {
      this.#isWatching = false
      this.#serve()
    })
    return true
  }
}
