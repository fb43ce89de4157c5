import type { EngineLink } from '@x/loop-utils/channel'
import type { ServerNotice, XmlRpcEngineContract } from '../engine/contract.ts'
import { toCrossing } from '../engine/crossing.ts'
import type { KnownDevice } from '../homematic/device-description.ts'

type Link = EngineLink<XmlRpcEngineContract>

/** Where the intent comes from. */
export interface IntentSources {
  readonly methodNames: () => readonly string[]
  readonly notice: () => ServerNotice
  /** The interfaces that are held back; null stands for all. */
  readonly held: () => readonly (string | null)[]
}

/** What an engine has to know besides its options: a fresh one is told all of it, the running one what changes. */
export class EngineIntent {
  readonly #sources: IntentSources
  readonly #deviceLists = new Map<string, readonly KnownDevice[]>()

  constructor(sources: IntentSources) {
    this.#sources = sources
  }

  /** Notes which devices of an interface are known; undefined forgets them. */
  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void {
    if (devices === undefined) this.#deviceLists.delete(interfaceId)
    else this.#deviceLists.set(interfaceId, devices)
  }

  /** Tells a fresh engine everything. */
  async equip(link: Link): Promise<void> {
    await this.tellMethods(link)
    await this.tellNotice(link)
    for (const interfaceId of this.#deviceLists.keys()) await this.tellDeviceList(link, interfaceId)
    for (const interfaceId of this.#sources.held()) await link.call('hold', { interfaceId, isHeld: true })
  }

  tellMethods(link: Link): Promise<void> {
    return link.call('setMethods', { names: this.#sources.methodNames() })
  }

  tellNotice(link: Link): Promise<void> {
    return link.call('setNotice', this.#sources.notice())
  }

  tellDeviceList(link: Link, interfaceId: string): Promise<void> {
    const devices = this.#deviceLists.get(interfaceId)
    return link.call('setDeviceList', { interfaceId, devices: devices === undefined ? null : toCrossing(devices) })
  }
}
