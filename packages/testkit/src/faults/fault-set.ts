import { readFault, type Fault, type FaultSpec, type FaultStream, type FaultType } from './fault.ts'
import { FaultExistsError, TooManyFaultsError } from './fault-errors.ts'

/** The most faults that may be in force at once. */
export const MAX_FAULTS = 100

/** The faults in force, by name, in the order in which they were added. */
export class FaultSet {
  readonly #faults = new Map<string, Fault>()
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** @throws OptionError, FaultExistsError or TooManyFaultsError */
  add(spec: FaultSpec): Fault {
    const fault = readFault(spec)
    if (this.#faults.has(fault.name)) throw new FaultExistsError(fault.name)
    if (this.#faults.size >= MAX_FAULTS) throw new TooManyFaultsError(MAX_FAULTS)
    this.#faults.set(fault.name, fault)
    this.#onChange()
    return fault
  }

  /** Returns false when there is none of that name. */
  remove(name: string): boolean {
    const isRemoved = this.#faults.delete(name)
    if (isRemoved) this.#onChange()
    return isRemoved
  }

  clear(): void {
    if (this.#faults.size === 0) return
    this.#faults.clear()
    this.#onChange()
  }

  all(): readonly Fault[] {
    return [...this.#faults.values()]
  }

  /** Those of one type that work on `stream`. */
  *of<T extends FaultType>(type: T, stream: FaultStream): Generator<Extract<Fault, { readonly type: T }>> {
    for (const fault of this.#faults.values()) {
      if (fault.type === type && fault.stream === stream) yield fault as Extract<Fault, { readonly type: T }>
    }
  }

  get isEmpty(): boolean {
    return this.#faults.size === 0
  }
}
