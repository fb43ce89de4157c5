import type { DeviceStore } from '../catalogue/device-store.ts'
import { channelType } from '../catalogue/descriptions.ts'
import { Paramset } from '../catalogue/paramset.ts'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'

/** A direct link between two channels. */
export interface CcuLink {
  readonly sender: string
  readonly receiver: string
  readonly name: string
  readonly description: string
}

interface Entry {
  link: CcuLink
  /** By the address of the end that it configures. */
  readonly paramsets: ReadonlyMap<string, Paramset>
}

const MAX_LINKS = 1000
const MAX_NAME = 1000

/** The direct links of a fake CCU's devices, with what is configured at both ends. */
export class LinkTable {
  readonly #store: DeviceStore
  readonly #entries = new Map<string, Entry>()

  constructor(store: DeviceStore) {
    this.#store = store
  }

  /** Adds a link, or names it anew. @throws CcuFault −1 for one too many, −2, −6 for a channel that cannot be that end */
  add(link: CcuLink): void {
    const { sender, receiver, name, description } = link
    this.#checkEnd(sender, 'sender')
    this.#checkEnd(receiver, 'receiver')
    if (name.length > MAX_NAME || description.length > MAX_NAME) {
      throw new CcuFault(CCU_FAULTS.outOfRange, `a name has at most ${MAX_NAME} characters`)
    }
    const known = this.#entries.get(key(sender, receiver))
    if (known !== undefined) {
      known.link = link
      return
    }
    if (this.#entries.size >= MAX_LINKS) throw new CcuFault(CCU_FAULTS.general, `${MAX_LINKS} links are the most`)
    const ends = [sender, receiver].map((end) => {
      return [end, new Paramset(this.#store.paramset(end, 'LINK').parameters)] as const
    })
    this.#entries.set(key(sender, receiver), { link, paramsets: new Map(ends) })
  }

  /** @throws CcuFault −1 when there is no such link */
  remove(sender: string, receiver: string): void {
    this.get(sender, receiver)
    this.#entries.delete(key(sender, receiver))
  }

  /** @throws CcuFault −1 when there is no such link */
  get(sender: string, receiver: string): CcuLink {
    const entry = this.#entries.get(key(sender, receiver))
    if (entry === undefined) throw new CcuFault(CCU_FAULTS.general, `${sender} and ${receiver} are not linked`)
    return entry.link
  }

  /** Those of a device or channel, or all. */
  list(address = ''): readonly CcuLink[] {
    const isMeant = (end: string): boolean => end === address || end.startsWith(`${address}:`)
    const links = [...this.#entries.values()].map(({ link }) => link)
    return address === '' ? links : links.filter(({ sender, receiver }) => isMeant(sender) || isMeant(receiver))
  }

  /** What is configured at the end `address` of its link with `peer`. @throws CcuFault −3 */
  paramset(address: string, peer: string): Paramset {
    const entry = this.#entries.get(key(address, peer)) ?? this.#entries.get(key(peer, address))
    const paramset = entry?.paramsets.get(address)
    if (paramset === undefined) throw new CcuFault(CCU_FAULTS.unknownParamset, `${address} has no link with ${peer}`)
    return paramset
  }

  /** Removes every link of a device. */
  forget(device: string): void {
    for (const { sender, receiver } of this.list(device)) this.#entries.delete(key(sender, receiver))
  }

  clear(): void {
    this.#entries.clear()
  }

  #checkEnd(address: string, end: 'sender' | 'receiver'): void {
    const name = this.#store.channelName(address)
    if (name === undefined || channelType(name).direction !== end) {
      throw new CcuFault(CCU_FAULTS.notSupported, `${address} cannot be the ${end} of a link`)
    }
  }
}

function key(sender: string, receiver: string): string {
  return `${sender} ${receiver}`
}
