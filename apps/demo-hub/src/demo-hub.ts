import { ServiceCore, type StartContext, type StopReport, type StopRequest } from '@x/loop-utils/service'
import type { ControlClient, PropertyValue } from '@x/testkit/control'
import { AsyncXmlRpcServer, type Central, type DataPointEvent, type NewDevices } from '@x/xmlrpc-server'
import { XmlRpcClient } from '@x/xmlrpc-server/client'
import { ObservationQueue } from './observation-queue.ts'

export interface DemoHubOptions {
  /** Where the CCU takes calls. */
  readonly ccuUrl: string
  /** Where what the hub hears is posted. */
  readonly control: Pick<ControlClient, 'observe'>
  /** Told of everything that the hub hears. */
  readonly onHeard: (text: string) => void
  /** Told of what nobody awaits: an observation that could not be posted, a callback that failed. */
  readonly onError: (error: unknown) => void
  /** Where the callback server runs. Default `'loop'`. */
  readonly mode?: 'loop' | 'thread'
}

const HUB = 'demo-hub'
const INTERFACE_ID = `${HUB}-BidCos-RF`

/** Registers a callback server with a CCU and tells what it hears. */
export class DemoHub extends ServiceCore implements Central {
  readonly #options: DemoHubOptions
  readonly #observations: ObservationQueue
  readonly #server: AsyncXmlRpcServer
  readonly #ccu: XmlRpcClient

  constructor(options: DemoHubOptions) {
    const { onError } = options
    super({ name: HUB, onError })
    this.#options = options
    this.#observations = new ObservationQueue((batch) => options.control.observe(batch), onError)
    this.#server = new AsyncXmlRpcServer({ host: '127.0.0.1', mode: options.mode ?? 'loop', onError })
    this.#server.addCentral(this)
    this.#ccu = new XmlRpcClient({ url: options.ccuUrl })
  }

  /** Where the CCU calls back. */
  get callbackUrl(): string {
    return `http://${this.#server.listenIpAddr}:${this.#server.listenPort}`
  }

  hasClient(interfaceId: string): boolean {
    return interfaceId === INTERFACE_ID
  }

  onEvent({ channelAddress, parameter, value }: DataPointEvent): void {
    const shown = isPropertyValue(value) ? value : JSON.stringify(value)
    this.#hear({ topic: 'event', subject: `${channelAddress}.${parameter}`, value: shown })
  }

  onNewDevices({ descriptions }: NewDevices): void {
    const devices = descriptions.filter(({ ADDRESS }) => !ADDRESS.includes(':'))
    this.#hear({ topic: 'newDevices', note: `${devices.length} devices, ${descriptions.length} descriptions` })
  }

  protected override async onStart({ signal }: StartContext): Promise<void> {
    await this.#server.start()
    await this.#ccu.call('init', [this.callbackUrl, INTERFACE_ID], { signal, emptyAsVoid: true })
  }

  protected override async onStop(request: StopRequest): Promise<StopReport> {
    if (this.#server.started) {
      // a CCU that is gone already needs no farewell
      await this.#ccu
        .call('init', [this.callbackUrl, ''], { emptyAsVoid: true, timeoutMs: 1000 })
        .catch(() => undefined)
    }
    const report = await this.#server.stop(request)
    await this.#ccu.close()
    await this.#observations.idle()
    return report
  }

  #hear(heard: { topic: string; subject?: string; value?: PropertyValue; note?: string }): void {
    const { topic, subject = '', value, note = '' } = heard
    const shown = value === undefined ? '' : ` = ${JSON.stringify(value)}`
    this.#options.onHeard(`${topic} ${subject}${shown}${note}`)
    this.#observations.add({ observer: HUB, ...heard })
  }
}

function isPropertyValue(value: unknown): value is PropertyValue {
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string'
}
