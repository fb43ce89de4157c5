import { isMainThread, threadId } from 'node:worker_threads'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { WrongThreadError } from '../dispatch/dispatch-errors.ts'
import { OptionError, checkBoolean, checkDuration, checkSignal } from '../errors/index.ts'
import { blockUntilChanged } from './block-until-changed.ts'

const IS_SET = 0
const RELEASES = 1
const WORDS = 2

/** The longest period of a timer, which only holds the loop. */
const HOLD_MS = 2 ** 31 - 1

export interface ThreadEventWaitOptions {
  /** Its abort rejects the wait with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Milliseconds after which the wait gives up and resolves false. Default: never. */
  readonly timeoutMs?: number
  /** Whether the wait keeps its loop alive. Default false: a process with nothing else to do exits. */
  readonly ref?: boolean
}

/** TypeScript's ES2023 library does not know it; Node 20 has it. */
type WaitAsync = (
  ...place: [words: Int32Array, index: number, value: number, timeoutMs: number]
) => { readonly async: false } | { readonly async: true; readonly value: Promise<string> }

const { waitAsync } = Atomics as unknown as { readonly waitAsync: WaitAsync }

/**
 * A flag that any thread may set and any loop may await, such as Python's `threading.Event` made safe for loops.
 *
 * Hand {@link buffer} to another thread and make a ThreadEvent of it there: both are the same event.
 *
 * @example
 * ```ts
 * const ready = new ThreadEvent()
 * new Worker(url, { workerData: ready.buffer }) // there: new ThreadEvent(workerData).set()
 * await ready.wait({ timeoutMs: 1000, ref: true })
 * ```
 */
export class ThreadEvent {
  readonly #words: Int32Array<SharedArrayBuffer>

  /**
   * Makes a new event, or another view of the one that `buffer` belongs to.
   *
   * @throws OptionError when `buffer` is not one of a ThreadEvent
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength !== WORDS * Int32Array.BYTES_PER_ELEMENT) {
      throw new OptionError('buffer', buffer, 'the buffer of a ThreadEvent')
    }
    this.#words = new Int32Array(buffer)
  }

  /** What the threads share. */
  get buffer(): SharedArrayBuffer {
    return this.#words.buffer
  }

  get isSet(): boolean {
    return Atomics.load(this.#words, IS_SET) !== 0
  }

  /** Sets the flag and releases everyone who waits, on all threads. Setting it again does nothing. */
  set(): void {
    if (Atomics.exchange(this.#words, IS_SET, 1) === 0) this.#release()
  }

  /** Clears the flag. Those released by an earlier `set` stay so, even if they have not run yet. */
  clear(): void {
    Atomics.store(this.#words, IS_SET, 0)
  }

  /** Releases everyone who waits at this moment and leaves the flag as it is. */
  pulse(): void {
    this.#release()
  }

  /**
   * Resolves true once the event is set or pulsed, at once if it is set; false when `timeoutMs` is over first.
   *
   * @throws OptionError for an unusable option; rejects with `signal.reason` on abort
   */
  wait(options: ThreadEventWaitOptions = {}): Promise<boolean> {
    const { timeoutMs = Number.POSITIVE_INFINITY, ref = false } = options
    checkDuration('timeoutMs', timeoutMs, { infinite: true })
    checkBoolean('ref', ref)
    const signal = checkSignal('signal', options.signal)
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    return this.#waitReleased({ timeoutMs, signal, ref })
  }

  /**
   * Blocks this thread until the event is set or pulsed, at once if it is set; returns false when `timeoutMs` (default:
   * never) is over first. Only for workers.
   *
   * @throws WrongThreadError on the main thread, whose timers and signals would stop; OptionError
   */
  waitSync(timeoutMs: number = Number.POSITIVE_INFINITY): boolean {
    checkDuration('timeoutMs', timeoutMs, { infinite: true })
    if (isMainThread)
      throw new WrongThreadError('waitSync blocks, which the main thread must not; await wait()', threadId)
    const value = Atomics.load(this.#words, RELEASES)
    return this.isSet || blockUntilChanged({ words: this.#words, index: RELEASES, value }, timeoutMs)
  }

  #release(): void {
    Atomics.add(this.#words, RELEASES, 1)
    Atomics.notify(this.#words, RELEASES)
  }

  async #waitReleased(options: {
    readonly timeoutMs: number
    readonly signal: AbortSignal | undefined
    readonly ref: boolean
  }): Promise<boolean> {
    const { timeoutMs, signal, ref } = options
    const releases = Atomics.load(this.#words, RELEASES)
    if (this.isSet) return true
    const until = performance.now() + timeoutMs
    // what waits in the engine cannot be taken back, but everyone can be woken to look again
    const onAbort = (): void => {
      Atomics.notify(this.#words, RELEASES)
    }
    // nor does it hold the loop; a timer does
    const hold = ref ? setInterval(onAbort, HOLD_MS) : undefined
    const forgetAbort = signal && onSignalAbort(signal, onAbort)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const left = until - performance.now()
        const waiting = waitAsync(this.#words, RELEASES, releases, Math.max(0, left))
        if (!waiting.async) return Atomics.load(this.#words, RELEASES) !== releases
        await waiting.value
        if (Atomics.load(this.#words, RELEASES) !== releases) return true
      }
    } finally {
      forgetAbort?.()
      clearInterval(hold)
    }
  }
}
