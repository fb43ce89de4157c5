const FIRST_CHUNK = 32
const LARGEST_CHUNK = 1024

interface Chunk<T> {
  readonly slots: (T | undefined)[]
  next: Chunk<T> | undefined
}

/** A first-in first-out queue in chunks: nothing is ever copied, and push and shift cost the same however long it is. */
export class ItemQueue<T> {
  #first: Chunk<T> = chunkOf(FIRST_CHUNK)
  #last: Chunk<T> = this.#first
  /** Places in the first and in the last chunk. */
  #head = 0
  #tail = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    const { slots } = this.#last
    if (this.#tail === slots.length) {
      const next = chunkOf<T>(Math.min(slots.length * 2, LARGEST_CHUNK))
      next.slots[0] = item
      this.#last.next = next
      this.#last = next
      this.#tail = 1
    } else {
      slots[this.#tail++] = item
    }
    this.#length++
  }

  /** Removes and returns the oldest item. Ask {@link length} first: an empty queue gives undefined. */
  shift(): T {
    const { slots } = this.#first
    const item = slots[this.#head] as T
    if (this.#length === 0) return item
    slots[this.#head++] = undefined
    if (--this.#length === 0) this.#rewind()
    else if (this.#head === slots.length) this.#leaveFirst()
    return item
  }

  /** The oldest item, which stays. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#first.slots[this.#head]
  }

  clear(): void {
    this.#first = chunkOf(FIRST_CHUNK)
    this.#last = this.#first
    this.#length = 0
    this.#head = 0
    this.#tail = 0
  }

  /** The chunk of an empty queue is used again from its start. */
  #rewind(): void {
    this.#first = this.#last
    this.#head = 0
    this.#tail = 0
  }

  #leaveFirst(): void {
    this.#first = this.#first.next as Chunk<T>
    this.#head = 0
  }
}

function chunkOf<T>(length: number): Chunk<T> {
  return { slots: Array.from<T | undefined>({ length }).fill(undefined), next: undefined }
}
