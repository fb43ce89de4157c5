/** An item that waits. */
export interface Waiting<T> {
  readonly item: T
  readonly weight: number
  /** What a newer item of the same slot and key may replace; undefined when none may. */
  readonly slot: Slot | undefined
}

/** Where an item stands among those that newer ones may replace. */
export interface Slot {
  /** Items of one group keep their order: only the newest one of a group can be replaced. */
  readonly group: string
  /** Null for one that neither replaces nor is replaced. */
  readonly key: string | null
}

interface Entry<T> extends Waiting<T> {
  readonly number: number
  previous: Entry<T> | undefined
  next: Entry<T> | undefined
}

/**
 * The items of one key that wait while one is in hand, in their order. Removing one from anywhere takes the same time
 * however many there are.
 */
export class CallbackQueue<T> {
  /** Weight of all that wait, and of the one in hand. */
  weight = 0
  /** How many wait. */
  length = 0
  /** Whether the source was told to hold back. */
  isHeld = false
  #appended = 0
  /** Which one is in hand; the first one is there before there is a queue. */
  #inHand: number | undefined = 0
  #first: Entry<T> | undefined
  #last: Entry<T> | undefined
  /** The newest waiting item of each group. */
  readonly #newest = new Map<string, Entry<T>>()

  /** The number of the item that was appended last. */
  get newest(): number {
    return this.#appended
  }

  /** The number of the oldest item that is in hand or waits; Infinity when there is none. */
  get oldest(): number {
    return this.#inHand ?? this.#first?.number ?? Infinity
  }

  /**
   * Takes the item out that one for that slot outdates: the newest of its group if that has the same key. So what comes
   * out in the end is what went in, in order, less what was outdated while it waited.
   */
  supersede(slot: Slot | undefined): Waiting<T> | undefined {
    if (slot === undefined || slot.key === null) return undefined
    const older = this.#newest.get(slot.group)
    if (older?.slot?.key !== slot.key) return undefined
    this.#unlink(older)
    return older
  }

  append(item: Waiting<T>): void {
    const { slot } = item
    const entry: Entry<T> = { ...item, number: ++this.#appended, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    this.length++
    this.weight += entry.weight
    // whatever has no slot keeps its place towards all others
    if (slot === undefined) this.#newest.clear()
    else this.#newest.set(slot.group, entry)
  }

  /** Takes the oldest item out; its weight counts until {@link release}. */
  take(): Waiting<T> | undefined {
    const entry = this.#first
    if (entry === undefined) return undefined
    this.#unlink(entry)
    this.weight += entry.weight
    this.#inHand = entry.number
    return entry
  }

  /** Takes the oldest item out, to be forgotten. */
  drop(): Waiting<T> | undefined {
    const entry = this.#first
    if (entry !== undefined) this.#unlink(entry)
    return entry
  }

  /** What was in hand is done. */
  release(weight: number): void {
    this.weight -= weight
    this.#inHand = undefined
  }

  #unlink(entry: Entry<T>): void {
    const { previous, next, slot } = entry
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    if (slot !== undefined && this.#newest.get(slot.group) === entry) this.#newest.delete(slot.group)
    this.length--
    this.weight -= entry.weight
  }
}
