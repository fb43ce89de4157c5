import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import xmlrpc from 'xmlrpc'

/** A callback server made with the npm library, which notes what it hears. */
export class CallbackServer implements AsyncDisposable {
  readonly heard: { readonly method: string; readonly params: readonly unknown[] }[] = []
  /** The length of the longest call, in bytes. */
  bytes = 0
  /** The headers of every call. */
  readonly headers: IncomingHttpHeaders[] = []
  readonly #server: xmlrpc.Server

  private constructor(answers: Readonly<Record<string, unknown>>) {
    this.#server = xmlrpc.createServer({ host: '127.0.0.1', port: 0 })
    this.#server.httpServer.on('request', ({ headers }) => {
      this.headers.push(headers)
      this.bytes = Math.max(this.bytes, Number(headers['content-length']))
    })
    const methods = [
      'system.listMethods',
      'listDevices',
      'newDevices',
      'deleteDevices',
      'event',
      'system.multicall',
      'error',
      'updateDevice',
      'readdedDevice',
      'replaceDevice',
    ]
    for (const method of methods) {
      this.#server.on(
        method,
        (_error: unknown, params: unknown[], answer: (error: unknown, value: unknown) => void) => {
          this.heard.push({ method, params })
          const value = answers[method] ?? (method === 'listDevices' ? [] : true)
          if (value instanceof Error) answer({ faultCode: -1, faultString: value.message }, null)
          else answer(null, value)
        },
      )
    }
  }

  static async open(answers: Readonly<Record<string, unknown>> = {}): Promise<CallbackServer> {
    const server = new CallbackServer(answers)
    await once(server.#server.httpServer, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.httpServer.address() as AddressInfo).port}/RPC2`
  }

  of(method: string): readonly (readonly unknown[])[] {
    return this.heard.filter((call) => call.method === method).map(({ params }) => params)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { httpServer } = this.#server
    if (!httpServer.listening) return
    httpServer.close()
    httpServer.closeAllConnections()
    await once(httpServer, 'close')
  }
}

/** Calls a method through the npm library's client; a fault rejects with its `faultCode`. */
export function call(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const client = xmlrpc.createClient({ url, headers: { Connection: 'close' } })
  return new Promise((resolve, reject) => {
    client.methodCall(method, params, (error: unknown, value: unknown) => {
      // the library's type says the error is always there
      if (error === null || error === undefined) resolve(value)
      else reject(error)
    })
  })
}
