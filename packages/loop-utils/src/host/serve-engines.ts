import { isMainThread, type MessagePort, parentPort } from 'node:worker_threads'
import type { AnyEngineDefinition } from '../channel/contract.ts'
import { EngineEnd } from '../channel/engine-end.ts'
import type { ErasedDefinition } from '../channel/erased.ts'
import { ContractError } from '../channel/link-errors.ts'
import type { DownMessage, UpMessage } from '../channel/protocol.ts'
import { seeded } from '../clock/seeded.ts'
import { systemClock } from '../clock/system-clock.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { openLaneReader } from '../lane/port-lane-reader.ts'
import { openLaneWriter } from '../lane/port-lane-writer.ts'
import type { HostMessage, PlaceMessage, ReadyMessage } from './worker-messages.ts'

/**
 * Makes this worker serve a thread host: the whole of a `*.thread.ts` entry beside its imports. The worker lives until
 * its host closes it, and its engines share its loop.
 *
 * An error that escapes an engine's own background work (a rejected promise that nobody awaits, a throwing timer) ends
 * the worker with all of its engines, for nobody knows what state it left behind; the host then restarts them.
 *
 * @throws ServiceStateError outside of a worker
 */
export function serveEngines(definitions: readonly AnyEngineDefinition[]): void {
  if (isMainThread || parentPort === null) {
    throw new ServiceStateError('serve engines', 'on the main thread', 'call it in the entry of a worker')
  }
  new EngineServer(parentPort, definitions).start()
}

class EngineServer {
  readonly #port: MessagePort
  readonly #definitions: ReadonlyMap<string, ErasedDefinition>
  readonly #engines = new Set<EngineEnd>()

  constructor(port: MessagePort, definitions: readonly AnyEngineDefinition[]) {
    this.#port = port
    this.#definitions = new Map(definitions.map((each) => [each.name, each as unknown as ErasedDefinition]))
  }

  start(): void {
    this.#port.on('message', (message: HostMessage) => {
      if (message.type === 'x:place') this.#place(message)
      else void this.#close()
    })
    const ready: ReadyMessage = { type: 'x:ready' }
    this.#port.postMessage(ready)
  }

  #place(message: PlaceMessage): void {
    const { down, engine, events, limits, observe, options, seed, up } = message
    const end = new EngineEnd({
      definition: this.#definitions.get(engine) ?? missing(engine),
      options,
      events,
      up: openLaneWriter<UpMessage>(up),
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
