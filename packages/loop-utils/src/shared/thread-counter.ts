import { checkInteger } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { AtomicMemory, type MemoryKind } from './atomic-memory.ts'
import { blockOn, checkBlocking } from './block-on.ts'
import { CounterRangeError } from './counter-range-error.ts'
import { addTo, awaitWithin, CHANGES, type CounterRange, replaceIf, VALUE } from './counter-protocol.ts'
import { LoopWaits, type ThreadWaitOptions, type ThreadWaitStats } from './loop-waits.ts'
import { runSteps } from './run-steps.ts'
import { checkThreadPrimitive, type ThreadPrimitiveOptions, TIME_IS_UP, unlessTimeIsUp } from './thread-primitive.ts'

const KIND: MemoryKind = { name: 'ThreadCounter', tag: 0x780a_7c02, bytes: 3 * 8 }

const SAFE: CounterRange = { min: BigInt(Number.MIN_SAFE_INTEGER), max: BigInt(Number.MAX_SAFE_INTEGER) }

/** For which values of a counter to wait. Both ends are included. */
export interface CounterCondition {
  /** Default: any. */
  readonly atLeast?: number
  /** Default: any. */
  readonly atMost?: number
}

/**
 * A whole number that several threads count up and down and can wait for. Every safe integer fits; what would leave
 * that range is refused and changes nothing.
 *
 * A wait sees the value as it is when it looks: a value that another thread changes away at once may go unnoticed.
 *
 * @example
 * ```ts
 * const inFlight = new ThreadCounter()
 * new Worker(entry, { workerData: { inFlight: inFlight.buffer } })
 * await inFlight.waitFor({ atMost: 0 })
 * ```
 */
export class ThreadCounter {
  readonly #memory: AtomicMemory
  readonly #name: string
  readonly #waits: LoopWaits<bigint>

  /**
   * @param source the first value (default 0), or the `buffer` of a counter
   * @throws OptionError
   */
  constructor(source: number | SharedArrayBuffer = 0, options: ThreadPrimitiveOptions = {}) {
    const { name, maxWaiting, clock, onEvent } = checkThreadPrimitive(options, 'thread counter')
    if (typeof source === 'object') {
      this.#memory = AtomicMemory.attach(source, KIND)
    } else {
      const value = BigInt(checkInteger('value', source))
      this.#memory = AtomicMemory.create(KIND)
      this.#memory.storeLong(VALUE, value)
    }
    this.#name = name
    this.#waits = new LoopWaits({
      memory: this.#memory,
      cell: CHANGES,
      isInOrder: false,
      clock,
      maxWaiting,
      name,
      onEvent,
    })
  }

  /** To be given to other threads, which make their own object of it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  get value(): number {
    return Number(this.#memory.loadLong(VALUE))
  }

  /** How many wait on this thread's loop. */
  get waiting(): number {
    return this.#waits.size
  }

  /** What this thread's loop has waited for; waits that block are not counted. */
  stats(): ThreadWaitStats {
    return this.#waits.stats()
  }

  /**
   * Adds `delta`, which may be negative, and returns the new value.
   *
   * @throws CounterRangeError when that is no safe integer; nothing was added
   * @throws OptionError when `delta` is not a whole number
   */
  add(delta: number): number {
    const value = runSteps(addTo(this.#memory, BigInt(checkInteger('delta', delta)), SAFE))
    if (value === undefined) throw new CounterRangeError(this.#name, delta)
    return Number(value)
  }

  /** Adds 1 and returns the new value. */
  increment(): number {
    return this.add(1)
  }

  /** Takes 1 away and returns the new value. */
  decrement(): number {
    return this.add(-1)
  }

  /**
   * Sets the counter to `value` if it is `expected`; returns whether it was.
   *
   * @throws OptionError when one of them is not a whole number
   */
  compareAndSet(expected: number, value: number): boolean {
    const found = BigInt(checkInteger('expected', expected))
    return runSteps(replaceIf(this.#memory, found, BigInt(checkInteger('value', value)))) === found
  }

  /**
   * Resolves with the value once it meets the condition, or with undefined when the time is over. Rejects with
   * `signal.reason` at the abort, with QueueOverflowError when too many wait on this loop, and with OptionError.
   */
  async waitFor(condition: CounterCondition, options: ThreadWaitOptions = {}): Promise<number | undefined> {
    const range = checkCondition(condition)
    const waiting = this.#waits.wait(
      () => awaitWithin(this.#memory, range),
      options,
      () => TIME_IS_UP,
    )
    const value = await unlessTimeIsUp(waiting)
    return value === undefined ? undefined : Number(value)
  }

  /**
   * Blocks this worker's thread until the value meets the condition, and returns it; undefined when `timeoutMs` (default
   * `Infinity`) are over before.
   *
   * @throws WrongThreadError on the main thread
   * @throws OptionError
   */
  waitForSync(condition: CounterCondition, timeoutMs: number = Infinity): number | undefined {
    checkBlocking('waitForSync', timeoutMs, 'waitFor()')
    const range = checkCondition(condition)
    const outcome = blockOn(this.#memory, () => awaitWithin(this.#memory, range), timeoutMs)
    return outcome.isInTime ? Number(outcome.value) : undefined
  }
}

function checkCondition({ atLeast, atMost }: CounterCondition): CounterRange {
  if (atLeast === undefined && atMost === undefined) {
    throw new OptionError('condition', {}, 'atLeast, atMost or both')
  }
  const min = atLeast === undefined ? SAFE.min : BigInt(checkInteger('atLeast', atLeast))
  const max = atMost === undefined ? SAFE.max : BigInt(checkInteger('atMost', atMost))
  if (min > max) throw new OptionError('atMost', atMost, `at least atLeast (${min})`)
  return { min, max }
}
