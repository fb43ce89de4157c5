import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TestkitError } from '../../errors.ts'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import type { WireStyle } from '../wire/wire-style.ts'
import { decodeCall, encodeFault, encodeResponse } from '../wire/xml.ts'

/** The fake CCU cannot listen where it should. */
export class CcuListenError extends TestkitError {
  override readonly name = 'CcuListenError'
  readonly code = 'TESTKIT_CCU_LISTEN'
  readonly host: string
  readonly port: number

  constructor(host: string, port: number, cause: unknown) {
    super(`cannot listen on ${host}:${port}: ${(cause as Error).message}; give a free port, or 0 for any`, { cause })
    this.host = host
    this.port = port
  }
}

/** How calls are taken and answered. */
export interface RpcServerOptions {
  readonly host: string
  readonly maxBodyBytes: number
  readonly style: () => WireStyle
  /** The only path that is served; empty for any. */
  readonly path: () => string
  /** Whether it still starts, and answers 503. */
  readonly isStarting: () => boolean
  /** Answers one call; what it throws becomes a fault. */
  readonly handle: (method: string, params: readonly unknown[]) => unknown
}

/** Longer than any pause between two calls of a client that keeps its connection. */
const KEEP_ALIVE_MS = 120_000

/** Answers XML-RPC calls over HTTP: always with a Content-Length, never chunked. */
export class RpcHttpServer {
  readonly #options: RpcServerOptions
  #server: Server | undefined

  constructor(options: RpcServerOptions) {
    this.#options = options
  }

  get port(): number | undefined {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port
  }

  /** @throws CcuListenError */
  async listen(port: number): Promise<void> {
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      void this.#answer(request, response)
    })
    server.listen(port, this.#options.host)
    try {
      await once(server, 'listening')
    } catch (error) {
      throw new CcuListenError(this.#options.host, port, error)
    }
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const isClosed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await isClosed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    try {
      const refusal = refuse(request) ?? this.#refuse(request)
      if (refusal !== undefined) return reject(response, refusal)
      const body = await readBody(request, this.#options.maxBodyBytes)
      if (body === undefined) return reject(response, [413, `more than ${this.#options.maxBodyBytes} bytes`])
      send(response, await this.#respond(body))
    } catch (error) {
      // a document that cannot be read; an aborted request gets no answer in any case
      reject(response, [400, (error as Error).message])
    }
  }

  #refuse({ url = '/' }: IncomingMessage): Refusal | undefined {
    if (this.#options.isStarting()) return [503, 'starting']
    const path = this.#options.path()
    return path === '' || path === url.split('?')[0] ? undefined : [404, `served at ${path}`]
  }

  async #respond(body: Buffer): Promise<Buffer> {
    const { style, handle } = this.#options
    const { method, params } = decodeCall(body)
    try {
      return await encodeResponse(await handle(method, params), style())
    } catch (error) {
      return encodeFault(asFault(error), style())
    }
  }
}

/** What a call that failed is answered with. */
export function asFault(error: unknown): CcuFault {
  if (error instanceof CcuFault) return error
  return new CcuFault(CCU_FAULTS.general, error instanceof Error ? error.message : String(error))
}

type Refusal = readonly [status: number, text: string]

function refuse(request: IncomingMessage): Refusal | undefined {
  if (request.method !== 'POST') return [405, 'POST only']
  // only browsers send it: no page may make the fake register a callback
  if (request.headers.origin !== undefined) return [403, 'not for web pages']
  return undefined
}

function reject(response: ServerResponse, [status, text]: Refusal): void {
  const headers = { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text), Connection: 'close' }
  response.writeHead(status, headers).end(text)
}

function send(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'text/xml', 'Content-Length': body.length }).end(body)
}

/** Undefined when the body is longer than the limit. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
