import { detached } from '../homematic/interface-id.ts'

/** What became of callbacks of one interface that waited for their handlers. */
export interface OverflowCount {
  /** Callbacks that were dropped because too many waited. */
  readonly dropped: number
  /** Events that were left out because a newer one of the same data point had come. */
  readonly coalesced: number
}

/** Under which name the interfaces beyond the bound are counted together. */
const OTHERS = '(others)'

/** So many interfaces are counted one by one. */
const MOST_INTERFACES = 256

/** Counts what was dropped and coalesced, in all and by interface. */
export class OverflowCounts {
  #dropped = 0
  #coalesced = 0
  readonly #byInterface = new Map<string, { dropped: number; coalesced: number }>()

  get dropped(): number {
    return this.#dropped
  }

  get coalesced(): number {
    return this.#coalesced
  }

  /** By interface, those of which something was counted. */
  get byInterface(): ReadonlyMap<string, OverflowCount> {
    return this.#byInterface
  }

  drop(interfaceId: string): void {
    this.#dropped++
    this.#countsOf(interfaceId).dropped++
  }

  coalesce(interfaceId: string): void {
    this.#coalesced++
    this.#countsOf(interfaceId).coalesced++
  }

  #countsOf(interfaceId: string): { dropped: number; coalesced: number } {
    const name = this.#byInterface.size < MOST_INTERFACES || this.#byInterface.has(interfaceId) ? interfaceId : OTHERS
    const known = this.#byInterface.get(name)
    if (known !== undefined) return known
    const fresh = { dropped: 0, coalesced: 0 }
    this.#byInterface.set(detached(name), fresh)
    return fresh
  }
}
