/** What a `latest` event carries. */
export interface LatestValue {
  readonly data: unknown
  readonly transfer: readonly ArrayBuffer[] | undefined
}

/** One key of one `latest` event, from its emission until it is delivered. */
export interface LatestSlot {
  readonly id: number
  readonly event: number
  readonly key: string
  /** The newest one, while it waits here. */
  value: LatestValue | undefined
  /** How many values are in the stream, not yet taken. */
  inFlight: number
}

/**
 * Holds `latest` events back while an older one of the same key is in the stream, so that there is at most one there and
 * one here, which a newer one replaces. What follows them in the stream asks for {@link release} first: a value may so
 * arrive before what was emitted after an older value of its key, never after what was emitted after itself.
 */
export class LatestEvents {
  readonly #send: (slot: LatestSlot, value: LatestValue) => void
  readonly #byKey = new Map<string, LatestSlot>()
  readonly #byId = new Map<number, LatestSlot>()
  readonly #staged = new Set<LatestSlot>()
  #nextId = 1
  #isScheduled = false

  /** `send` puts a slot's value into the stream. */
  constructor(send: (slot: LatestSlot, value: LatestValue) => void) {
    this.#send = send
  }

  /** Values that wait here. */
  get staged(): number {
    return this.#staged.size
  }

  put(event: number, key: string, value: LatestValue): void {
    const slot = this.#slotOf(event, key)
    const isStaged = slot.value !== undefined
    slot.value = value
    if (isStaged) return
    this.#staged.add(slot)
    if (slot.inFlight === 0) this.#schedule()
  }

  /** Puts everything that waits into the stream, in the order of first emission. */
  release(): void {
    for (const slot of this.#staged) this.#sendSlot(slot)
  }

  /** A value of the slot was delivered. */
  taken(id: number): void {
    const slot = this.#byId.get(id)
    if (slot === undefined) return
    slot.inFlight--
    if (slot.inFlight > 0) return
    if (slot.value === undefined) this.#forget(slot)
    else this.#sendSlot(slot)
  }

  #slotOf(event: number, key: string): LatestSlot {
    const name = `${event} ${key}`
    const known = this.#byKey.get(name)
    if (known !== undefined) return known
    const id = this.#nextId++
    const slot: LatestSlot = { id, event, key: name, value: undefined, inFlight: 0 }
    this.#byKey.set(name, slot)
    this.#byId.set(id, slot)
    return slot
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      for (const slot of this.#staged) if (slot.inFlight === 0) this.#sendSlot(slot)
    })
  }

  #sendSlot(slot: LatestSlot): void {
    const { value } = slot
    if (value === undefined) return
    slot.value = undefined
    slot.inFlight++
    this.#staged.delete(slot)
    this.#send(slot, value)
  }

  #forget(slot: LatestSlot): void {
    this.#byKey.delete(slot.key)
    this.#byId.delete(slot.id)
  }
}
