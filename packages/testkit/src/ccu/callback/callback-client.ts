import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { decodeResponse, encodeCall, type WireFault, type XmlEncoding } from '../wire/xml.ts'

/** Why a call to a callback server got no answer. */
export type CallbackFailure = 'refused' | 'reset' | 'timeout' | 'status' | 'malformed' | 'too-large' | 'stopped'

/** What became of a call to a callback server. */
export type CallbackOutcome =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly fault: WireFault }
  | { readonly kind: 'failed'; readonly failure: CallbackFailure; readonly message: string }

/** Where and how a callback server is called. */
export interface CallbackClientOptions {
  readonly url: URL
  readonly encoding: XmlEncoding
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

class CallFailed extends Error {
  readonly failure: CallbackFailure

  constructor(failure: CallbackFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

/** Calls one callback server over a single connection that is kept open, as the interface processes do. */
export class CallbackClient {
  readonly #options: CallbackClientOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #pending = new Set<ClientRequest>()
  #isStopped = false

  constructor(options: CallbackClientOptions) {
    this.#options = options
  }

  /** Never rejects. */
  async call(method: string, params: readonly unknown[]): Promise<CallbackOutcome> {
    try {
      const body = encodeCall(method, params, this.#options.encoding)
      const answer = decodeResponse(await this.#postTwice(body))
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
  async #postTwice(body: Buffer): Promise<Buffer> {
    try {
      return await this.#post(body)
    } catch (error) {
      if (!(error instanceof ReusedSocketError)) throw error
      return await this.#post(body)
    }
  }

  async #post(body: Buffer): Promise<Buffer> {
    if (this.#isStopped) throw new CallFailed('stopped', 'the fake CCU was stopped')
    const { url, timeoutMs, maxAnswerBytes } = this.#options
    const headers = { 'User-Agent': 'fake-ccu', 'Content-Type': 'text/xml', 'Content-length': body.length }
    const sent = request(url, { method: 'POST', agent: this.#agent, headers })
    this.#pending.add(sent)
    const timer = setTimeout(
      () => sent.destroy(new CallFailed('timeout', `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    try {
      sent.end(body)
      return await readAnswer(await responseTo(sent), maxAnswerBytes)
    } catch (error) {
      throw explain(error, sent)
    } finally {
      clearTimeout(timer)
      this.#pending.delete(sent)
    }
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
