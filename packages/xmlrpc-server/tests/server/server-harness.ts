import { openHost } from '@x/loop-utils/channel'
import type { ModeContext } from '@x/testkit/modes'
import type { Central, DataPointEvent } from '../../src/homematic/central.ts'
import { AsyncXmlRpcServer } from '../../src/server/async-xml-rpc-server.ts'
import type { XmlRpcServerOptions } from '../../src/server/server-options.ts'

/** Makes a server on a free loopback port, in the mode of the test. */
export async function startServer(
  { mode, copy, defer }: Pick<ModeContext, 'mode' | 'copy' | 'defer'>,
  options: XmlRpcServerOptions = {},
): Promise<AsyncXmlRpcServer> {
  const server = new AsyncXmlRpcServer({ host: '127.0.0.1', ...hostOptions(mode, copy, defer), ...options })
  defer(() => server.stop())
  await server.start()
  return server
}

function hostOptions(
  mode: 'loop' | 'thread',
  copy: 'none' | 'clone-and-freeze',
  defer: ModeContext['defer'],
): XmlRpcServerOptions {
  if (mode === 'thread' || copy === 'none') return { mode }
  const engineHost = openHost({ mode, copy, entry: () => openWorker() })
  defer(() => engineHost.close())
  return { engineHost }
}

function openWorker(): never {
  throw new Error('a loop host starts no worker')
}

/** A central that keeps what it is told. */
export class RecordingCentral implements Central {
  readonly name: string
  readonly events: DataPointEvent[] = []
  readonly told: unknown[] = []
  readonly #interfaces: ReadonlySet<string>

  constructor(name: string, ...interfaces: readonly string[]) {
    this.name = name
    this.#interfaces = new Set(interfaces)
  }

  hasClient(interfaceId: string): boolean {
    return this.#interfaces.has(interfaceId)
  }

  onEvent(event: DataPointEvent): void | Promise<void> {
    this.events.push(event)
  }

  onNewDevices(devices: unknown): void {
    this.told.push(['newDevices', devices])
  }

  onDeleteDevices(devices: unknown): void {
    this.told.push(['deleteDevices', devices])
  }

  onUpdateDevice(update: unknown): void {
    this.told.push(['updateDevice', update])
  }

  onReaddedDevice(devices: unknown): void {
    this.told.push(['readdedDevice', devices])
  }

  onReplaceDevice(replacement: unknown): void {
    this.told.push(['replaceDevice', replacement])
  }

  onError(error: unknown): void {
    this.told.push(['error', error])
  }
}
