import type { EngineContract, EngineDefinition, EngineLink, FacadeHandlers } from '../channel/contract.ts'
import { asPlain } from '../channel/as-plain.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { HostLink, type HostLinkParts } from './host-link.ts'
import type { Placer } from './placer.ts'
import type { RestartPolicy } from './restart-policy.ts'

/** All links of a host. */
export class LinkGroup {
  readonly #placer: Placer
  readonly #restart: RestartPolicy
  readonly #links = new Set<HostLink>()
  #closing: Promise<void> | undefined

  constructor(placer: Placer, restart: RestartPolicy) {
    this.#placer = placer
    this.#restart = restart
  }

  /** Rejects with NotPlainError, ServiceStateError, or what the engine's making threw. */
  async place<C extends EngineContract, O>(
    definition: EngineDefinition<C, O>,
    options: unknown,
    handlers: FacadeHandlers<C>,
  ): Promise<EngineLink<C>> {
    if (this.#closing !== undefined) throw new ServiceStateError('place an engine', 'closed', 'make a new host')
    const link = new HostLink({
      placer: this.#placer,
      restart: this.#restart,
      definition: definition as unknown as HostLinkParts['definition'],
      options: asPlain(options, 'options'),
      handlers: handlers as unknown as HostLinkParts['handlers'],
      onClosed: (closed) => this.#links.delete(closed),
    })
    this.#links.add(link)
    await link.start()
    return link as unknown as EngineLink<C>
  }

  /** Closes every link; the same promise at every call. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close()))
  }
}
