import type { EngineLink } from '@x/loop-utils/channel'
import type { XmlRpcEngineContract } from '../engine/contract.ts'
import type { Crossing } from '../engine/crossing.ts'
import type { ServerNotice } from '../engine/server-notice.ts'

type Link = EngineLink<XmlRpcEngineContract>

/** Where the intent comes from. */
export interface IntentSources {
  readonly methodNames: () => readonly string[]
  /** What that engine is to tell of the server. */
  readonly notice: (engine: object) => ServerNotice
  /** The interfaces that are held back; null stands for all. */
  readonly held: () => readonly (string | null)[]
}

/** What an engine has to know besides its options: a fresh one is told all of it, the running one what changes. */
export class EngineIntent {
  readonly #sources: IntentSources
  readonly #deviceLists = new Map<string, Crossing>()

  constructor(sources: IntentSources) {
    this.#sources = sources
  }

  /** Notes what `listDevices` answers for an interface; undefined forgets it. */
  setDeviceList(interfaceId: string, devices: Crossing | undefined): void {
    if (devices === undefined) this.#deviceLists.delete(interfaceId)
    else this.#deviceLists.set(interfaceId, devices)
  }

  /** Tells a fresh engine everything. */
  async equip(link: Link, engine: object): Promise<void> {
    await this.tellMethods(link)
    await this.tellNotice(link, engine)
    for (const interfaceId of this.#deviceLists.keys()) await this.tellDeviceList(link, interfaceId)
    for (const interfaceId of this.#sources.held()) await link.call('hold', { interfaceId, isHeld: true })
  }

  tellMethods(link: Link): Promise<void> {
    return link.call('setMethods', { names: this.#sources.methodNames() })
  }

  tellNotice(link: Link, engine: object): Promise<void> {
    return link.call('setNotice', this.#sources.notice(engine))
  }

  tellDeviceList(link: Link, interfaceId: string): Promise<void> {
    return link.call('setDeviceList', { interfaceId, devices: this.#deviceLists.get(interfaceId) ?? null })
  }
}
