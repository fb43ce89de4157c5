import type { DeviceView, FaultRequest, FaultView } from '@x/testkit/control'
import { FaultProxy } from '@x/testkit/faults'
import { ApiProblem } from '../api/problem.ts'
import type { Endpoint } from './endpoint.ts'
import { FaultBook } from './fault-book.ts'

/** Most callback servers that are called through a proxy at once. */
const MAX_PROXIES = 64

/** The calls that the fake CCU makes. While there is a fault for them, they go through a fault proxy for each server. */
export class CallbackEndpoint implements Endpoint {
  readonly name = 'callbacks'
  readonly url = ''
  readonly #book = new FaultBook(this.name)
  readonly #proxies = new Map<string, Promise<FaultProxy>>()
  readonly #onChange: () => void
  #stopping: Promise<unknown> = Promise.resolve()

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** Where a call goes: straight to the callback server, or through its proxy. */
  async route(url: URL): Promise<URL> {
    if (this.#book.isEmpty) return url
    const proxy = await this.#proxy(url)
    const routed = new URL(url)
    routed.hostname = proxy.host
    routed.port = String(proxy.port)
    return routed
  }

  async start(): Promise<void> {
    // proxies come with the first call
  }

  async stop(): Promise<void> {
    this.#stopProxies()
    await this.#stopping
  }

  devices(): readonly DeviceView[] {
    return []
  }

  device(): undefined {
    return undefined
  }

  addDevice(): never {
    throw new ApiProblem('FAKE_BAD_REQUEST', 'callbacks have no devices; add it to the CCU', 'endpoint')
  }

  removeDevice(id: string): never {
    throw new ApiProblem('FAKE_UNKNOWN_DEVICE', `there is no device ${id}`)
  }

  change(id: string): never {
    throw new ApiProblem('FAKE_UNKNOWN_DEVICE', `there is no device ${id}`)
  }

  addFault(request: FaultRequest): FaultView {
    const named = this.#book.add(request)
    for (const proxy of this.#proxies.values()) void proxy.then((each) => each.addFault(named)).catch(() => undefined)
    this.#onChange()
    return this.#book.view(named.name) as FaultView
  }

  removeFault(name: string): boolean {
    if (!this.#book.remove(name)) return false
    for (const proxy of this.#proxies.values()) void proxy.then((each) => each.removeFault(name)).catch(() => undefined)
    if (this.#book.isEmpty) this.#stopProxies()
    this.#onChange()
    return true
  }

  clearFaults(): void {
    this.#book.clear()
    this.#stopProxies()
    this.#onChange()
  }

  faults(): readonly FaultView[] {
    return this.#book.views()
  }

  #proxy(url: URL): Promise<FaultProxy> {
    const known = this.#proxies.get(url.host)
    if (known !== undefined) return known
    const [oldest] = this.#proxies.keys()
    if (this.#proxies.size >= MAX_PROXIES && oldest !== undefined) this.#stopProxy(oldest)
    const host = url.hostname.replaceAll(/[[\]]/g, '')
    const proxy = new FaultProxy({ upstream: { host, port: Number(url.port === '' ? 80 : url.port) } })
    this.#book.strike(proxy)
    const started = proxy.start()
    this.#proxies.set(url.host, started)
    // the next call tries again
    started.catch(() => this.#proxies.delete(url.host))
    return started
  }

  #stopProxies(): void {
    for (const host of this.#proxies.keys()) this.#stopProxy(host)
  }

  #stopProxy(host: string): void {
    const proxy = this.#proxies.get(host)
    this.#proxies.delete(host)
    const stopped = proxy?.then((each) => each.stop()).catch(() => undefined)
    this.#stopping = Promise.all([this.#stopping, stopped])
  }
}
