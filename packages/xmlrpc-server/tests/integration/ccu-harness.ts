import type { FakeDeviceProcess } from '@x/fake-device/testing'
import { XmlRpcClient } from '../../src/client/index.ts'
import type { AsyncXmlRpcServer } from '../../src/index.ts'

let registered = 0

interface Where {
  readonly interfaceId: string
  readonly url?: string
}

/** A server that is registered with the fake CCU under an interface id of its own. */
export class Registration implements AsyncDisposable {
  readonly interfaceId: string
  readonly client: XmlRpcClient
  readonly #server: AsyncXmlRpcServer

  /** `url` is where the CCU is called, when that is not where it was at its start. */
  constructor(device: FakeDeviceProcess, server: AsyncXmlRpcServer, { interfaceId, url = device.ccu.url }: Where) {
    this.interfaceId = interfaceId
    this.client = new XmlRpcClient({ url, timeoutMs: 10_000 })
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

/** What a callback server answered to the calls of a registration, oldest first. */
export async function answersFor(
  { control }: FakeDeviceProcess,
  { interfaceId }: Pick<Registration, 'interfaceId'>,
): Promise<readonly (readonly [method: string, outcome: unknown])[]> {
  // what a callback leads to is heard before the CCU has the answer
  await control.ccuSettled()
  const answers = await control.ccuAnswers()
  return answers.filter((answer) => answer.interfaceId === interfaceId).map(({ method, outcome }) => [method, outcome])
}
