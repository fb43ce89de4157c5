import { ItemQueue } from '../lane/item-queue.ts'

/** Something that waits in a {@link Backlog}. */
export interface Waiting {
  /** Whether `drop-oldest` may choose it. */
  readonly isDroppable: boolean
  /** What `coalesce` compares; undefined never matches. */
  readonly key: unknown
  /** Kept by the backlog: it has left, one way or another. */
  isGone: boolean
}

/**
 * A queue that can also lose its oldest droppable entry, find the one with a key, and drop any one, all in constant
 * time. It does not bound itself: whoever pushes compares {@link length} with the capacity first.
 */
export class Backlog<E extends Waiting> {
  readonly #entries = new ItemQueue<E>()
  /** The droppable ones in the same order; those that left otherwise are passed over. */
  readonly #droppable = new ItemQueue<E>()
  readonly #byKey = new Map<unknown, E>()
  readonly #dropsOldest: boolean
  #length = 0
  #droppableLength = 0

  /** `dropsOldest` says whether {@link dropOldest} will be used; without it nothing is kept for it. */
  constructor(options: { readonly dropsOldest: boolean }) {
    this.#dropsOldest = options.dropsOldest
  }

  /** Entries that wait. */
  get length(): number {
    return this.#length
  }

  /** Those of them that may be dropped. */
  get droppableLength(): number {
    return this.#droppableLength
  }

  push(entry: E): void {
    this.#entries.push(entry)
    this.#length++
    if (entry.isDroppable) {
      if (this.#dropsOldest) this.#droppable.push(entry)
      this.#droppableLength++
    }
    if (entry.key !== undefined) this.#byKey.set(entry.key, entry)
  }

  /** Takes the oldest entry; undefined when none waits. */
  shift(): E | undefined {
    while (this.#entries.length > 0) {
      const entry = this.#entries.shift()
      if (entry.isGone) continue
      this.#leave(entry)
      // the order is the same in both queues, so it is at the front there, behind some that are gone
      this.#trimDroppable()
      return entry
    }
    return undefined
  }

  /** Takes the oldest entry that may be dropped; undefined when there is none. */
  dropOldest(): E | undefined {
    this.#trimDroppable()
    if (this.#droppable.length === 0) return undefined
    const entry = this.#droppable.shift()
    this.#leave(entry)
    this.#compact()
    return entry
  }

  /** The entry that waits with `key`. */
  find(key: unknown): E | undefined {
    return this.#byKey.get(key)
  }

  /** Takes out an entry that waits; false when it has left already. */
  remove(entry: E): boolean {
    if (entry.isGone) return false
    this.#leave(entry)
    this.#compact()
    return true
  }

  #leave(entry: E): void {
    entry.isGone = true
    this.#length--
    if (entry.isDroppable) this.#droppableLength--
    if (entry.key !== undefined && this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key)
  }

  #trimDroppable(): void {
    while (this.#droppable.peek()?.isGone === true) this.#droppable.shift()
  }

  /** Entries that left from the middle stay in the queue as gaps: not more of them than there are entries. */
  #compact(): void {
    if (this.#entries.length > 2 * this.#length + 16) removeGaps(this.#entries)
    if (this.#droppable.length > 2 * this.#droppableLength + 16) removeGaps(this.#droppable)
  }
}

function removeGaps(queue: ItemQueue<Waiting>): void {
  for (let left = queue.length; left > 0; left--) {
    const entry = queue.shift()
    if (!entry.isGone) queue.push(entry)
  }
}
