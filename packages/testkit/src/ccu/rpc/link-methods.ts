import type { CcuLink } from '../behaviour/link-table.ts'
import { NOTHING, optionalText, text, type Params } from './rpc-arguments.ts'
import type { RpcCore } from './rpc-core.ts'

/** A device's links have changed, as `updateDevice` tells it. */
const LINKS_CHANGED = 1

/** Direct links between channels. */
export class LinkMethods {
  readonly #core: RpcCore

  constructor(core: RpcCore) {
    this.#core = core
  }

  addLink([sender, receiver, name, description]: Params): string {
    const link = {
      sender: text(sender),
      receiver: text(receiver),
      name: optionalText(name),
      description: optionalText(description),
    }
    this.#core.links.add(link)
    this.#tell(link)
    return NOTHING
  }

  removeLink([sender, receiver]: Params): string {
    const link = this.#core.links.get(text(sender), text(receiver))
    this.#core.links.remove(link.sender, link.receiver)
    this.#tell(link)
    return NOTHING
  }

  setLinkInfo([sender, receiver, name, description]: Params): string {
    const link = this.#core.links.get(text(sender), text(receiver))
    this.#core.links.add({ ...link, name: text(name), description: optionalText(description) })
    return NOTHING
  }

  getLinkInfo([sender, receiver]: Params): unknown {
    return this.#info(this.#core.links.get(text(sender), text(receiver)))
  }

  getLinks([address]: Params): readonly unknown[] {
    return this.#list(address).map((link) => ({
      SENDER: link.sender,
      RECEIVER: link.receiver,
      FLAGS: 0,
      ...this.#info(link),
    }))
  }

  getLinkPeers([address]: Params): readonly string[] {
    return this.#list(address).map(({ sender, receiver }) => (sender === address ? receiver : sender))
  }

  #list(address: unknown): readonly CcuLink[] {
    const given = optionalText(address)
    if (given !== '') this.#core.store.description(given)
    return this.#core.links.list(given)
  }

  #info({ name, description }: CcuLink): { readonly NAME: string; readonly DESCRIPTION: string } {
    return { NAME: this.#core.spell(name), DESCRIPTION: this.#core.spell(description) }
  }

  #tell({ sender, receiver }: CcuLink): void {
    for (const address of [sender, receiver]) this.#core.updateDevice(address, LINKS_CHANGED)
  }
}
