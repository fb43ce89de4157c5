import { Agent, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import { callHttp, type HttpAnswer } from './http-call.ts'
import { LiveCalls } from './live-calls.ts'
import type { RecorderRules } from './recorder-options.ts'

/** Headers that concern one connection only (RFC 9110, 7.6.1), and the length, which is stated anew. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'content-length',
])

/** Hands requests on to a callback server: those of one connection over one connection, so that they keep their order. */
export class CallbackForwarder {
  readonly #rules: RecorderRules
  readonly #agents = new Map<Socket, Agent>()
  readonly #calls: LiveCalls

  constructor(rules: RecorderRules) {
    this.#rules = rules
    this.#calls = new LiveCalls(rules.clock, rules.answerTimeoutMs)
  }

  /** @throws whatever keeps the answer from coming */
  forward(request: IncomingMessage, body: Uint8Array): Promise<HttpAnswer> {
    const { target, maxAnswerBytes } = this.#rules
    return this.#calls.run((signal) =>
      callHttp({
        url: new URL(`${target.origin}${originForm(request.url)}`),
        method: request.method ?? 'POST',
        headers: endToEnd(request.headers),
        body,
        agent: this.#agentOf(request.socket),
        signal,
        maxAnswerBytes,
      }),
    )
  }

  /** Ends what is under way. */
  close(): void {
    this.#calls.end(new Error('the recorder was stopped'))
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #agentOf(socket: Socket): Agent {
    const found = this.#agents.get(socket)
    if (found !== undefined) return found
    const settings = { keepAlive: true, maxSockets: 1 }
    const agent = this.#rules.target.protocol === 'https:' ? new HttpsAgent(settings) : new Agent(settings)
    this.#agents.set(socket, agent)
    socket.once('close', () => {
      this.#agents.delete(socket)
      agent.destroy()
    })
    return agent
  }
}

/** The path and query of a request, also when it names a whole URL (RFC 9112, 3.2.2). */
export function originForm(url = '/'): string {
  if (url.startsWith('/')) return url
  if (!URL.canParse(url)) return '/'
  const { pathname, search } = new URL(url)
  return pathname.startsWith('/') ? `${pathname}${search}` : '/'
}

/** What of the headers goes on. */
export function endToEnd(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !OF_CONNECTION.has(name)),
  )
}
