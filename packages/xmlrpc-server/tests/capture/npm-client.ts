import { Agent } from 'node:http'
import { createRequire } from 'node:module'

interface Client {
  methodCall(
    method: string,
    params: readonly unknown[],
    callback: (error: Error | null | undefined, value: unknown) => void,
  ): void
}

const require = createRequire(import.meta.url)
const { createClient } = require('xmlrpc') as {
  createClient(this: void, options: { url: string; agent: Agent; headers: Readonly<Record<string, string>> }): Client
}

/** A caller that is none of ours: npm's `xmlrpc`, over one connection that is kept. */
export class NpmClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #client: Client

  constructor(url: string) {
    this.#client = createClient({ url, agent: this.#agent, headers: { Authorization: 'Basic c2VjcmV0OnNlY3JldA==' } })
  }

  call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#client.methodCall(method, params, (error, value) => {
        if (error === null || error === undefined) resolve(value)
        else reject(error)
      })
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
