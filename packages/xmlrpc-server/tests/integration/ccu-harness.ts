import type { FakeDeviceProcess } from '@x/fake-device/testing'
import { XmlRpcClient } from '../../src/client/index.ts'
import type { AsyncXmlRpcServer } from '../../src/index.ts'

let registered = 0

/** A server that is registered with the fake CCU under an interface id of its own. */
export class Registration implements AsyncDisposable {
  readonly interfaceId: string
  readonly client: XmlRpcClient
  readonly #server: AsyncXmlRpcServer

  constructor(device: FakeDeviceProcess, server: AsyncXmlRpcServer, interfaceId: string) {
    this.interfaceId = interfaceId
    this.client = new XmlRpcClient({ url: device.ccu.url, timeoutMs: 10_000 })
    this.#server = server
  }

  /** An interface id that no other registration of this process has. */
  static nextId(): string {
    registered++
    return `hub-${process.pid}-${registered}`
  }

  get callbackUrl(): string {
    return `http://127.0.0.1:${this.#server.listenPort}/RPC2`
  }

  async init(): Promise<void> {
    await this.client.call('init', [this.callbackUrl, this.interfaceId])
  }

  /** Takes the registration back, as a hub does when it ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.client.call('init', [this.callbackUrl, ''])
    } finally {
      await this.client.close()
    }
  }
}
