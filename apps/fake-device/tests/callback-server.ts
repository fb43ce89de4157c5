import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const ANSWER =
  '<?xml version="1.0"?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>'

/** A callback server that answers everything with an empty list, or nothing at all. */
export class CallbackServer implements AsyncDisposable {
  readonly bodies: string[] = []
  readonly #server: Server

  private constructor(isSilent: boolean, answer: string) {
    this.#server = createServer((request, response) => {
      let body = ''
      request.setEncoding('latin1').on('data', (piece: string) => (body += piece))
      request.on('end', () => {
        this.bodies.push(body)
        if (!isSilent) response.end(answer)
      })
    })
  }

  static async open(options: { readonly isSilent?: boolean; readonly answer?: string } = {}): Promise<CallbackServer> {
    const server = new CallbackServer(options.isSilent ?? false, options.answer ?? ANSWER)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Registers with a CCU, by the bytes. */
  async register(ccuUrl: string, interfaceId: string): Promise<number> {
    const params = [this.url, interfaceId].map((param) => `<param><value>${param}</value></param>`).join('')
    const body = `<?xml version="1.0"?><methodCall><methodName>init</methodName><params>${params}</params></methodCall>`
    const response = await fetch(ccuUrl, { method: 'POST', body, headers: { 'Content-Type': 'text/xml' } })
    await response.text()
    return response.status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
