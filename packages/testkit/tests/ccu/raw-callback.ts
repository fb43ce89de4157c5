import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call as its bytes came. */
export interface RawCall {
  readonly method: string
  readonly body: Buffer
  readonly rawHeaders: readonly string[]
  /** The number of its connection, counted from 1. */
  readonly connection: number
}

/** How a call is answered: with a document's `<value>`, or not before `release`. */
export type RawAnswer = string | Promise<string>

/** A callback server of bytes: notes what comes, and answers with given values. */
export class RawCallback implements AsyncDisposable {
  readonly calls: RawCall[] = []
  readonly #server: Server
  #connections = 0

  private constructor(answers: Readonly<Record<string, RawAnswer>>) {
    const numbers = new WeakMap<object, number>()
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks)
        const method = /<methodName>([^<]+)</.exec(body.toString('latin1'))?.[1] ?? ''
        const connection = numbers.get(request.socket) ?? 0
        this.calls.push({ method, body, rawHeaders: request.rawHeaders, connection })
        void Promise.resolve(answers[method] ?? '<value><boolean>1</boolean></value>').then((value) => {
          const xml = `<?xml version="1.0"?><methodResponse><params><param>${value}</param></params></methodResponse>`
          response.end(xml)
        })
      })
    })
    this.#server.on('connection', (socket) => numbers.set(socket, (this.#connections += 1)))
  }

  static async open(answers: Readonly<Record<string, RawAnswer>> = {}): Promise<RawCallback> {
    const server = new RawCallback(answers)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/RPC2`
  }

  /** The bodies of the calls of a method, as text of ISO 8859-1. */
  bodies(method: string): readonly string[] {
    return this.calls.filter((call) => call.method === method).map(({ body }) => body.toString('latin1'))
  }

  /** Closes every connection, as a server does with idle ones. */
  drop(): void {
    this.#server.closeAllConnections()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
