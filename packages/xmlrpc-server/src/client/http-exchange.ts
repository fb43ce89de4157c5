import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { XmlRpcTransportError } from './client-errors.ts'
import type { ClientRules } from './client-options.ts'

/** What a peer answered. */
export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

/** Failures before a connection stood: the peer cannot have got anything. */
const BEFORE_SENDING: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

/** Posts documents to one URL over connections that are kept. */
export class HttpExchange {
  readonly #rules: ClientRules
  readonly #agent: HttpAgent | HttpsAgent
  readonly #maxBytes: number

  constructor(rules: ClientRules, maxBytes: number) {
    this.#rules = rules
    this.#maxBytes = maxBytes
    const { keepAliveMs, maxConnections, tls } = rules
    // The agent's timeout is that of an idle socket; calls have their own limit.
    const keeping = { keepAlive: keepAliveMs > 0, timeout: keepAliveMs, maxSockets: maxConnections }
    this.#agent =
      rules.url.protocol === 'https:' ? new HttpsAgent({ ...keeping, ...tlsOf(tls) }) : new HttpAgent(keeping)
  }

  /**
   * Posts a document and resolves with the answer, whatever its status.
   *
   * @throws XmlRpcTransportError, or the reason of `signal`
   */
  post(document: Uint8Array, contentType: string, signal: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) throw signal.reason
      const request = this.#open(document.byteLength, contentType)
      const settle = (outcome: () => void): void => {
        signal.removeEventListener('abort', onAbort)
        outcome()
      }
      const onAbort = (): void => {
        request.destroy()
        settle(() => reject(signal.reason as Error))
      }
      const onError = (error: unknown): void => settle(() => reject(this.#transportError(error)))
      signal.addEventListener('abort', onAbort, { once: true })
      request.on('error', onError)
      request.on('response', (response) => {
        this.#read(response).then((answer) => settle(() => resolve(answer)), onError)
      })
      // nobody asked for another protocol; without a listener there would be neither answer nor error
      request.on('upgrade', ({ statusCode = 0 }, socket) => {
        socket.destroy()
        settle(() => resolve({ status: statusCode, contentType: '', body: Buffer.alloc(0) }))
      })
      request.end(document)
    })
  }

  /** Closes all connections, those with calls under way included. */
  close(): void {
    this.#agent.destroy()
  }

  #open(length: number, contentType: string): ClientRequest {
    const { url, auth } = this.#rules
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = { 'Content-Type': contentType, 'Content-Length': length, Accept: 'text/xml' }
    return open(url, { method: 'POST', agent: this.#agent, headers, ...(auth === undefined ? {} : { auth }) })
  }

  async #read(response: IncomingMessage): Promise<HttpAnswer> {
    const pieces: Buffer[] = []
    let length = 0
    for await (const piece of response) {
      length += (piece as Buffer).length
      if (length > this.#maxBytes) throw Object.assign(new Error('too large'), { code: 'RESPONSE_TOO_LARGE' })
      pieces.push(piece as Buffer)
    }
    const contentType = response.headers['content-type'] ?? ''
    return { status: response.statusCode ?? 0, contentType, body: Buffer.concat(pieces) }
  }

  #transportError(cause: unknown): XmlRpcTransportError {
    const { code, syscall } = (cause instanceof Error ? cause : {}) as Partial<NodeJS.ErrnoException>
    const reason = typeof code === 'string' ? code : 'an error'
    const maybeExecuted = !BEFORE_SENDING.has(reason) && syscall !== 'connect'
    return new XmlRpcTransportError(this.#rules.url.href, { reason, maybeExecuted, cause })
  }
}

function tlsOf({ ca, rejectUnauthorized = true }: ClientRules['tls']): {
  ca?: string | string[]
  rejectUnauthorized: boolean
} {
  if (ca === undefined) return { rejectUnauthorized }
  return { ca: typeof ca === 'string' ? ca : [...ca], rejectUnauthorized }
}
