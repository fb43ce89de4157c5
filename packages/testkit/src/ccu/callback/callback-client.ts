import { Agent, request, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { CcuQuirks } from '../quirks.ts'
import type { WireStyle } from '../wire/wire-style.ts'
import { decodeResponse, encodeCall, type WireFault } from '../wire/xml.ts'
import { refuseAnswer } from './strict-reader.ts'

/** Why a call to a callback server got no answer. */
export type CallbackFailure =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'status'
  | 'malformed'
  | 'too-large'
  | 'unacceptable'
  | 'stopped'

/** What became of a call to a callback server. */
export type CallbackOutcome =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly fault: WireFault }
  | { readonly kind: 'failed'; readonly failure: CallbackFailure; readonly message: string }

/** Where and how a callback server is called. */
export interface CallbackClientOptions {
  readonly url: URL
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly style: () => WireStyle
  readonly quirks: () => CcuQuirks
  /** Where the call really goes. */
  readonly route: (url: URL) => URL | Promise<URL>
}

class CallFailed extends Error {
  readonly failure: CallbackFailure

  constructor(failure: CallbackFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

/** A window of 64 KiB as the only setting (RFC 7540, 6.5.1), in base64url. */
const HTTP2_SETTINGS = 'AAQAAP__'

/** Calls one callback server over a single connection that is kept open, as the interface processes do. */
export class CallbackClient {
  readonly #options: CallbackClientOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #pending = new Set<ClientRequest>()
  #isStopped = false
  #offersHttp2 = true

  constructor(options: CallbackClientOptions) {
    this.#options = options
  }

  /** Never rejects. `timeoutMs` may be Infinity. */
  async call(
    method: string,
    params: readonly unknown[],
    timeoutMs: number = this.#options.timeoutMs,
  ): Promise<CallbackOutcome> {
    try {
      const body = await encodeCall(method, params, this.#options.style())
      const bytes = await this.#postTwice(body, timeoutMs)
      const answer = decodeResponse(bytes)
      const problem = refuseAnswer(method, { bytes, answer }, this.#options.quirks())
      if (problem !== undefined) return { kind: 'failed', failure: 'unacceptable', message: problem }
      return 'fault' in answer ? { kind: 'fault', fault: answer.fault } : { kind: 'answered', value: answer.value }
    } catch (error) {
      const failure = error instanceof CallFailed ? error.failure : 'malformed'
      return { kind: 'failed', failure, message: (error as Error).message }
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const pending of this.#pending) pending.destroy(new CallFailed('stopped', 'the fake CCU was stopped'))
    this.#agent.destroy()
  }

  /** A kept connection that the server closed under a call is worth one more try, on a new one. */
  async #postTwice(body: Buffer, timeoutMs: number): Promise<Buffer> {
    try {
      return await this.#post(body, timeoutMs)
    } catch (error) {
      if (!(error instanceof ReusedSocketError) || !this.#options.quirks().repeatsOnClosed) throw error
      return await this.#post(body, timeoutMs)
    }
  }

  async #post(body: Buffer, timeoutMs: number): Promise<Buffer> {
    const { url, route, maxAnswerBytes } = this.#options
    const target = await route(url)
    if (this.#isStopped) throw new CallFailed('stopped', 'the fake CCU was stopped')
    const headers = this.#headers(body.length)
    // a proxy is no concern of the callback server
    const sent = request(target, { method: 'POST', agent: this.#agent, headers: { Host: url.host, ...headers } })
    this.#pending.add(sent)
    const timer =
      timeoutMs === Infinity
        ? undefined
        : setTimeout(() => sent.destroy(new CallFailed('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs)
    try {
      sent.end(body)
      return await readAnswer(await responseTo(sent), maxAnswerBytes)
    } catch (error) {
      this.#offersHttp2 = true
      throw explain(error, sent)
    } finally {
      clearTimeout(timer)
      this.#pending.delete(sent)
    }
  }

  #headers(length: number): OutgoingHttpHeaders {
    const { userAgent, lengthHeader, keepsConnection, offersHttp2 } = this.#options.quirks()
    const headers = { 'User-Agent': userAgent, 'Content-Type': 'text/xml', [lengthHeader]: length }
    if (!keepsConnection) return { ...headers, Connection: 'close' }
    if (!offersHttp2 || !this.#offersHttp2) return headers
    this.#offersHttp2 = false
    return { ...headers, Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': HTTP2_SETTINGS }
  }
}

class ReusedSocketError extends CallFailed {}

function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.on('error', reject)
  })
}

async function readAnswer(response: IncomingMessage, limit: number): Promise<Buffer> {
  if (response.statusCode !== 200) {
    response.resume()
    throw new CallFailed('status', `the callback server answered with status ${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new CallFailed('too-large', `the answer has more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function explain(error: unknown, sent: ClientRequest): unknown {
  if (error instanceof CallFailed) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH' || code === 'EADDRNOTAVAIL') {
    return new CallFailed('refused', message)
  }
  if (sent.reusedSocket && code === 'ECONNRESET') return new ReusedSocketError('reset', message)
  if (code?.startsWith('HPE_') === true) return new CallFailed('malformed', message)
  return new CallFailed('reset', message)
}
