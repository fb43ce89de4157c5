import { AtomicMemory, FIRST_CELL, type MemoryKind } from '../shared/atomic-memory.ts'

const KIND: MemoryKind = { name: 'TaskControl', tag: 0x780a_7c10, bytes: (FIRST_CELL + 2) * 4 }

const PHASE = FIRST_CELL
const CANCEL = FIRST_CELL + 1

/** Where a task is. Only a task that waits can be withdrawn, and only one that was not is begun. */
const WAITING = 0
const RUNNING = 1
const RETURNED = 2
const WITHDRAWN = 3

const CAUSES = ['none', 'aborted', 'timed-out', 'closed'] as const

/** Why a task is cancelled; `'none'` while it is not. */
export type CancelCause = (typeof CAUSES)[number]

/** What an executor and the thread of one task share. */
export class TaskControl {
  readonly #memory: AtomicMemory

  constructor(buffer?: SharedArrayBuffer) {
    this.#memory = buffer === undefined ? AtomicMemory.create(KIND) : AtomicMemory.attach(buffer, KIND)
  }

  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  /** Whether the function was called. */
  get hasBegun(): boolean {
    const phase = this.#memory.load(PHASE)
    return phase === RUNNING || phase === RETURNED
  }

  get cancelCause(): CancelCause {
    return CAUSES[this.#memory.load(CANCEL)] ?? 'none'
  }

  /** On the owner's side: makes sure that the function is not called; false when it was. */
  withdraw(): boolean {
    return this.#memory.compareExchange(PHASE, WAITING, WITHDRAWN) === WAITING
  }

  /** On the owner's side: tells the function that its result is not wanted. */
  cancel(cause: Exclude<CancelCause, 'none'>): void {
    this.#memory.compareExchange(CANCEL, 0, CAUSES.indexOf(cause))
    this.#memory.notify(CANCEL)
  }

  /** On the owner's side: resolves when the task leaves the queue, by whatever way, or {@link release} is called. */
  async whenBegun(): Promise<void> {
    await this.#memory.waitAsync(PHASE, WAITING)
  }

  /** On the thread: whether the function is to be called. */
  begin(): boolean {
    const isBegun = this.#memory.compareExchange(PHASE, WAITING, RUNNING) === WAITING
    this.#memory.notify(PHASE)
    return isBegun
  }

  /** On the thread: the function has returned. */
  end(): void {
    this.#memory.store(PHASE, RETURNED)
    this.release()
  }

  /** On the thread: resolves when the task is cancelled, or {@link release} is called. */
  async whenCancelled(): Promise<void> {
    await this.#memory.waitAsync(CANCEL, 0)
  }

  /** Ends every wait, so that the engine keeps nothing of a task that is over. */
  release(): void {
    this.#memory.notify(PHASE)
    this.#memory.notify(CANCEL)
  }
}
