import { type EngineHost, type EngineLink, type LinkState, openHost } from '@x/loop-utils/channel'
import { request } from 'node:http'
import { Worker } from 'node:worker_threads'
import { type AcknowledgedCall, readCallCells } from '../../src/engine/call-cells.ts'
import type {
  CallOutcome,
  CrossingCall,
  GivenCredentials,
  ListenRequest,
  XmlRpcEngineContract,
  XmlRpcEngineOptions,
} from '../../src/engine/contract.ts'
import { toCrossing } from '../../src/engine/crossing.ts'
import { xmlRpcEngine } from '../../src/engine/xmlrpc-engine.ts'

export const ENGINE_OPTIONS: XmlRpcEngineOptions = {
  maxBodyBytes: 64 * 1024,
  maxDepth: 64,
  maxNodes: 100_000,
  maxMulticallCalls: 100,
  maxConnections: 100,
  keepAliveTimeoutMs: 5000,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  handlerTimeoutMs: 2000,
  dialect: 'ccu',
  emptyString: 'untyped',
  answerEncoding: 'utf-8',
  encodingFallback: null,
  lenientBooleans: false,
  parseErrorAs: 'http-400',
  maxInTransit: 10_000,
  overflowAfterMs: null,
  access: { allow: null, credentials: null, tls: null },
  mountKey: null,
}

/** Where engines under test listen: any free port of the loopback. */
export const ANY_PORT: ListenRequest = { host: '127.0.0.1', port: 0, isShared: false, isFirst: true }

/** The ways in which the engine runs, from sources. */
export function openEngineHost(mode: 'loop' | 'thread', copy: 'none' | 'clone-and-freeze'): EngineHost {
  return openHost({ mode, copy, entry: () => new Worker(new URL('../../src/xmlrpc.thread.js', import.meta.url)) })
}

/** An engine that listens on a free port, and what its facade would have heard. */
export class PlacedEngine implements AsyncDisposable {
  readonly acknowledged: AcknowledgedCall[] = []
  readonly asked: CrossingCall[] = []
  readonly states: LinkState[] = []
  readonly errors: unknown[] = []
  outcome: (call: CrossingCall) => CallOutcome | Promise<CallOutcome> = () => ({
    kind: 'result',
    value: toCrossing('answered'),
  })
  authorize: (given: GivenCredentials) => boolean | Promise<boolean> = () => false
  #link: EngineLink<XmlRpcEngineContract> | undefined
  port = 0

  static async listen(host: EngineHost, options: Partial<XmlRpcEngineOptions> = {}): Promise<PlacedEngine> {
    const engine = new PlacedEngine()
    engine.#link = await host.place(
      xmlRpcEngine,
      { ...ENGINE_OPTIONS, ...options },
      {
        events: {
          acknowledged: (cells) => void engine.acknowledged.push(...readCallCells(cells)),
          counters: () => undefined,
        },
        questions: {
          call: async (call) => {
            engine.asked.push(call)
            return engine.outcome(call)
          },
          authorize: (given) => engine.authorize(given),
        },
        onState: (state) => void engine.states.push(state),
        onError: (error) => void engine.errors.push(error),
      },
    )
    const address = await engine.link.call('listen', ANY_PORT)
    engine.port = address.port
    return engine
  }

  get link(): EngineLink<XmlRpcEngineContract> {
    if (this.#link === undefined) throw new Error('the engine is not placed')
    return this.#link
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close()
  }
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface PostOptions {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Posts a body as it is, over a connection of its own. */
export function post(
  port: number,
  body: string | Uint8Array,
  { method = 'POST', path = '/RPC2', headers = {}, ...rest }: PostOptions = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const client = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        headers: { 'Content-Type': 'text/xml', ...headers },
        ...rest,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        })
        response.on('error', reject)
      },
    )
    client.on('error', reject)
    client.end(body)
  })
}

/** A call in the untyped way of the C++ clients. */
export function callDocument(method: string, ...values: readonly string[]): string {
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('')
  return `<?xml version="1.0"?>\r\n<methodCall><methodName>${method}</methodName>\r\n<params>${params}</params></methodCall>\r\n`
}

/** A multicall of calls whose values are given as in {@link callDocument}. */
export function multicallDocument(...calls: readonly (readonly [string, ...string[]])[]): string {
  const entries = calls.map(([method, ...values]) => {
    const params = values.map((value) => `<value>${value}</value>`).join('')
    return `<value><struct><member><name>methodName</name><value>${method}</value></member><member><name>params</name><value><array><data>${params}</data></array></value></member></struct></value>`
  })
  return callDocument('system.multicall', `<array><data>${entries.join('')}</data></array>`)
}
