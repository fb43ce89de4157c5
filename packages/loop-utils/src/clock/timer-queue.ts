/** What a {@link TimerQueue} orders: by due time, and among equals by the order in which they were added. */
export interface QueuedTimer {
  readonly dueAt: number
  readonly order: number
  /** Where it sits in the heap; -1 outside. The queue writes it. */
  position: number
}

/** A binary heap of timers from which any of them can be taken. */
export class TimerQueue<T extends QueuedTimer> {
  readonly #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The timer that is due next. */
  get first(): T | undefined {
    return this.#heap[0]
  }

  add(timer: T): void {
    this.#place(timer, this.#heap.length)
    this.#up(timer)
  }

  /** Takes `timer` out; nothing happens when it is not in the queue. */
  remove(timer: T): void {
    const { position } = timer
    if (this.#heap[position] !== timer) return
    const last = this.#heap.pop()
    timer.position = -1
    if (last === undefined || last === timer) return
    this.#place(last, position)
    this.#up(last)
    this.#down(last)
  }

  #place(timer: T, position: number): void {
    this.#heap[position] = timer
    timer.position = position
  }

  #up(timer: T): void {
    while (timer.position > 0) {
      const parent = this.#heap[(timer.position - 1) >> 1]
      if (parent === undefined || isBefore(parent, timer)) return
      this.#exchange(parent, timer)
    }
  }

  #down(timer: T): void {
    for (;;) {
      const left = this.#heap[2 * timer.position + 1]
      const right = this.#heap[2 * timer.position + 2]
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || isBefore(timer, child)) return
      this.#exchange(timer, child)
    }
  }

  #exchange(a: T, b: T): void {
    const { position } = a
    this.#place(a, b.position)
    this.#place(b, position)
  }
}

function isBefore(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.dueAt === b.dueAt ? a.order < b.order : a.dueAt < b.dueAt
}
