import type { MessagePort } from 'node:worker_threads'
import type { AnyEngineDefinition } from '../channel/contract.ts'
import { EngineEnd } from '../channel/engine-end.ts'
import type { ErasedDefinition } from '../channel/erased.ts'
import { ContractError } from '../channel/link-errors.ts'
import type { DownMessage, UpMessage } from '../channel/protocol.ts'
import { seeded } from '../clock/seeded.ts'
import { systemClock } from '../clock/system-clock.ts'
import { openLaneReader } from '../lane/port-lane-reader.ts'
import { openLaneWriter } from '../lane/port-lane-writer.ts'
import { isHostMessage, type PlaceMessage, type ReadyMessage } from './worker-messages.ts'

/** Makes engines for the host at the other end of a port, until that says to close. */
export class EngineServer {
  readonly #port: MessagePort
  readonly #definitions: ReadonlyMap<string, ErasedDefinition>
  readonly #engines = new Set<EngineEnd>()

  constructor(port: MessagePort, definitions: readonly AnyEngineDefinition[]) {
    this.#port = port
    this.#definitions = new Map(definitions.map((each) => [each.name, each as unknown as ErasedDefinition]))
  }

  start(): void {
    this.#port.on('message', (message: unknown) => {
      if (!isHostMessage(message)) return
      if (message.type === 'x:place') this.#place(message)
      else void this.#close()
    })
    const ready: ReadyMessage = { type: 'x:ready' }
    this.#port.postMessage(ready)
  }

  #place(message: PlaceMessage): void {
    const { down, engine, events, limits, observe, options, seed, up } = message
    const end: EngineEnd = new EngineEnd({
      definition: this.#definitions.get(engine) ?? missing(engine),
      options,
      events,
      up: openLaneWriter<UpMessage>(up, { onRefused: (refused, error) => end.substituteFor(refused, error) }),
      down: openLaneReader<DownMessage>(down),
      limits,
      observe,
      clock: systemClock,
      random: seed === undefined ? Math.random : seeded(seed),
      onGone: () => this.#engines.delete(end),
    })
    this.#engines.add(end)
    end.start()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#engines].map((engine) => engine.close()))
    this.#port.close() // nothing else of ours holds the thread
  }
}

function missing(engine: string): ErasedDefinition {
  return {
    name: engine,
    create: () => {
      throw new ContractError(`engine '${engine}'`, 'the worker; pass its definition to serveEngines()')
    },
  }
}
