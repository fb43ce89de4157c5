import type { SourceCounts } from './dispatch-stats.ts'

const FLAGS = ['closing', 'attached', 'pendingCalls'] as const
const COUNTS = ['coalesced', 'newest', 'oldest', 'overflow'] as const
const COUNT_AT = 16
const BYTES = COUNT_AT + COUNTS.length * 8

type Count = (typeof COUNTS)[number]

/**
 * What a poster and its dispatcher share besides the lanes: whether the dispatcher closes, and what the poster has
 * dropped, so that it can be told even after the poster's thread has died.
 */
export class SharedState {
  readonly buffer: SharedArrayBuffer
  readonly #flags: Int32Array
  readonly #counts: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer
    this.#flags = new Int32Array(buffer, 0, FLAGS.length)
    this.#counts = new BigInt64Array(buffer, COUNT_AT, COUNTS.length)
  }

  get isClosing(): boolean {
    return Atomics.load(this.#flags, 0) !== 0
  }

  close(): void {
    Atomics.store(this.#flags, 0, 1)
  }

  /** Takes the handle for a poster; false when another one has it. */
  attach(): boolean {
    return Atomics.exchange(this.#flags, 1, 1) === 0
  }

  get isAttached(): boolean {
    return Atomics.load(this.#flags, 1) !== 0
  }

  get pendingCalls(): number {
    return Atomics.load(this.#flags, 2)
  }

  set pendingCalls(count: number) {
    Atomics.store(this.#flags, 2, count)
  }

  count(name: Count): void {
    Atomics.add(this.#counts, COUNTS.indexOf(name), 1n)
  }

  get counts(): Pick<SourceCounts, Count> {
    const [coalesced, newest, oldest, overflow] = COUNTS.map((_, i) => Number(Atomics.load(this.#counts, i))) as [
      number,
      number,
      number,
      number,
    ]
    return { coalesced, newest, oldest, overflow }
  }
}
