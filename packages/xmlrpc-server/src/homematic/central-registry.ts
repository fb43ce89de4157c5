import { checkFunction, checkText, OptionError } from '@x/loop-utils/errors'
import type { Central } from './central.ts'
import { detached, MAX_INTERFACE_ID } from './interface-id.ts'

/** A central as the registry holds it. */
export interface CentralEntry {
  readonly central: Central
}

/** Options of a registry of centrals. */
export interface CentralRegistryOptions {
  /** Told once of each interface id of at most 255 characters that no central has, for the first 256 of them. */
  readonly onUnknownInterface?: (interfaceId: string) => void
}

/** As many unknown interface ids are remembered: whoever invents more should not fill the memory. */
const MAX_REMEMBERED = 256

/** Of as many interfaces it is remembered where they were found; of others all centrals are asked. */
const MAX_FOUND = 1024

/** Finds the central that an interface belongs to. */
export class CentralRegistry {
  readonly #entries = new Map<string, CentralEntry>()
  /** Where an interface was found before, oldest first; asked again before it is believed. */
  readonly #found = new Map<string, CentralEntry>()
  readonly #remembered = new Set<string>()
  readonly #onUnknownInterface: ((interfaceId: string) => void) | undefined
  #unknown = 0

  /** @throws OptionError when an option is not usable */
  constructor({ onUnknownInterface }: CentralRegistryOptions = {}) {
    if (onUnknownInterface !== undefined) checkFunction('onUnknownInterface', onUnknownInterface)
    this.#onUnknownInterface = onUnknownInterface
  }

  /** Whether there is no central. */
  get noCentralAssigned(): boolean {
    return this.#entries.size === 0
  }

  /** How many centrals there are. */
  get size(): number {
    return this.#entries.size
  }

  /** The names of all centrals, in the order in which they were added. */
  get names(): string[] {
    return [...this.#entries.keys()]
  }

  /** How many callbacks named an interface that no central has. */
  get unknownInterfaceIds(): number {
    return this.#unknown
  }

  /**
   * Adds a central; false when there is one of that name, which stays.
   *
   * @throws OptionError when it has no name or no `hasClient`
   */
  addCentral(central: Central): boolean {
    checkCentral(central)
    if (this.#entries.has(central.name)) return false
    this.#entries.set(central.name, { central })
    return true
  }

  /** Removes the central of that name; false when there is none. */
  removeCentral({ name }: Pick<Central, 'name'>): boolean {
    const entry = this.#entries.get(name)
    if (entry === undefined) return false
    this.#entries.delete(name)
    for (const [interfaceId, found] of this.#found) if (found === entry) this.#found.delete(interfaceId)
    return true
  }

  /** The first central that has the interface. An interface that was found before takes one question. */
  getCentralEntry(interfaceId: string): CentralEntry | undefined {
    const before = this.#found.get(interfaceId)
    if (before?.central.hasClient(interfaceId) === true) return before
    if (before !== undefined) this.#found.delete(interfaceId)
    for (const entry of this.#entries.values()) {
      if (!entry.central.hasClient(interfaceId)) continue
      this.#remember(interfaceId, entry)
      return entry
    }
    return undefined
  }

  /** The central of a callback; an interface that none has is counted, and told of once. */
  route(interfaceId: string): Central | undefined {
    const entry = this.getCentralEntry(interfaceId)
    if (entry === undefined) this.#countUnknown(interfaceId)
    return entry?.central
  }

  /** Whoever invents ids that a central takes for its own should not fill the memory. */
  #remember(interfaceId: string, entry: CentralEntry): void {
    if (interfaceId.length > MAX_INTERFACE_ID) return
    if (this.#found.size >= MAX_FOUND) {
      const [oldest] = this.#found.keys()
      if (oldest !== undefined) this.#found.delete(oldest)
    }
    this.#found.set(detached(interfaceId), entry)
  }

  #countUnknown(interfaceId: string): void {
    this.#unknown++
    if (interfaceId.length > MAX_INTERFACE_ID) return
    if (this.#remembered.has(interfaceId) || this.#remembered.size >= MAX_REMEMBERED) return
    const id = detached(interfaceId)
    this.#remembered.add(id)
    this.#onUnknownInterface?.(id)
  }
}

function checkCentral(central: Partial<Central>): void {
  if (typeof central !== 'object' || central === null) throw new OptionError('central', central, 'an object')
  const { name, hasClient }: { name?: unknown; hasClient?: unknown } = central
  checkText('central.name', name)
  if (typeof hasClient === 'function') return
  throw new OptionError('central.hasClient', hasClient, 'a function that tells whether an interface is its own')
}
