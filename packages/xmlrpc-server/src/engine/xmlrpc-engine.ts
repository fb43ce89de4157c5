import type { Engine, EngineContext } from '@x/loop-utils/channel'
import type { Socket } from 'node:net'
import { AnswerTable } from './answer-table.ts'
import { CallAnswerer } from './call-answerer.ts'
import type {
  BoundAddress,
  EngineCounters,
  XmlRpcEngineContract,
  XmlRpcEngineDefinition,
  XmlRpcEngineOptions,
} from './contract.ts'
import { engineErrors } from './engine-errors.ts'
import type { Answer, Exchange, ExchangeOutcome } from './exchange.ts'
import { healthDocument, metricsDocument } from './health-document.ts'
import { HttpListener } from './http-listener.ts'
import { type HttpRefusal, pathOf, refuse } from './http-refusal.ts'
import { mounts } from './mounts.ts'
import { PeerAccess } from './peer-access.ts'
import { NO_NOTICE, type ServerNotice } from './server-notice.ts'

/** The engine of the callback server: sockets, HTTP, decoding, and the answers that nobody has to be asked for. */
class XmlRpcEngine implements Engine<XmlRpcEngineContract> {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #options: XmlRpcEngineOptions
  readonly #listener: HttpListener
  readonly #table: AnswerTable
  readonly #answerer: CallAnswerer
  readonly #access: PeerAccess
  readonly #tally = { requests: 0, errors: 0, failures: 0, denied: 0 }
  #lastRequestAt: number | null = null
  #address: BoundAddress | undefined
  #notice: ServerNotice = NO_NOTICE
  #telling: NodeJS.Immediate | undefined

  constructor(context: EngineContext<XmlRpcEngineContract>, options: XmlRpcEngineOptions) {
    this.#context = context
    this.#options = options
    this.#table = new AnswerTable(context, { ...options, onDelay: () => this.#tellSoon() })
    this.#answerer = new CallAnswerer(this.#table, options, context)
    this.#access = new PeerAccess(options.access, context, options.handlerTimeoutMs)
    const handlers = {
      take: (exchange: Exchange) => this.#take(exchange),
      settled: (outcome: ExchangeOutcome) => this.#count(outcome),
      admits: this.#access.admits.bind(this.#access),
      broken: this.#onBroken.bind(this),
      changed: () => this.#tellSoon(),
    }
    this.#listener = new HttpListener(options, handlers, context.clock)
    if (options.mountKey !== null) {
      mounts.set(options.mountKey, (request, response) => this.#listener.mount(request, response))
    }
  }

  readonly commands: Engine<XmlRpcEngineContract>['commands'] = {
    listen: async (address) => {
      this.#address = await this.#listener.listen(address)
      return this.#address
    },
    unlisten: () => this.#listener.release(),
    setMethods: ({ names }) => this.#table.setMethods(names),
    setDeviceList: ({ interfaceId, devices }) => this.#table.setDeviceList(interfaceId, devices),
    setNotice: (notice) => {
      this.#notice = notice
    },
    hold: ({ interfaceId, isHeld }) => this.#table.gate.hold(interfaceId, isHeld),
    taken: ({ weight }) => this.#table.gate.taken(weight),
    drain: async (request) => {
      const report = await this.#listener.drain(request)
      this.#tell()
      return report
    },
    counters: () => this.#counters(),
  }

  async dispose(): Promise<void> {
    if (this.#options.mountKey !== null) mounts.delete(this.#options.mountKey)
    await this.#listener.drain({ deadlineMs: 0, idleGraceMs: 0 })
    this.#table.dispose()
    this.#tell()
  }

  #take(exchange: Exchange): void {
    const judgement = this.#access.isFree ? undefined : this.#access.judge(exchange.request)
    if (judgement === undefined) this.#answer(exchange)
    else if (judgement instanceof Promise) void judgement.then((refusal) => this.#proceed(exchange, refusal))
    else this.#proceed(exchange, judgement)
  }

  #proceed(exchange: Exchange, refusal: HttpRefusal | undefined): void {
    if (refusal === undefined) {
      this.#answer(exchange)
      return
    }
    if (refusal.status !== 503) {
      const { remoteAddress } = exchange.request.socket
      this.#context.log('warn', { remoteAddress, status: refusal.status }, 'refused a request for who sent it')
    }
    refuse(exchange, refusal)
  }

  #answer(exchange: Exchange): void {
    const { url } = exchange.request
    if (!exchange.isMounted && url !== '/RPC2' && url !== '/') {
      const path = pathOf(exchange.request)
      if (path === '/health') return this.#inform(exchange, healthDocument)
      if (path === '/metrics') return this.#inform(exchange, metricsDocument)
    }
    this.#answerer.answer(exchange)
  }

  #inform(exchange: Exchange, write: typeof healthDocument): void {
    const { method } = exchange.request
    if (method !== 'GET' && method !== 'HEAD') {
      refuse(exchange, { status: 405, text: 'use GET', headers: { Allow: 'GET, HEAD' }, close: true })
      return
    }
    const facts = { counters: this.#counters(), notice: this.#notice, address: this.#address }
    const answer: Answer = write(facts)
    // it is not one of the requests that it tells of
    exchange.answer(200, answer, 'gone')
  }

  /** What an error of HTTP or TLS is answered with belongs to no request; it counts as one. */
  #onBroken({ remoteAddress }: Socket, code: string | undefined, status: number | undefined): void {
    if (code !== 'ECONNRESET') this.#context.log('warn', { remoteAddress, code, status }, 'gave a connection up')
    if (status !== undefined) this.#count('error')
  }

  #count(outcome: ExchangeOutcome): void {
    if (outcome === 'gone') return
    const tally = this.#tally
    tally.requests++
    if (outcome !== 'ok') tally.errors++
    if (outcome === 'failure') tally.failures++
    else if (outcome === 'denied') tally.denied++
    this.#lastRequestAt = this.#context.clock.wall()
    this.#tellSoon()
  }

  /** Tells the counters once for all that a turn of the loop brings. */
  #tellSoon(): void {
    this.#telling ??= setImmediate(() => this.#tell())
  }

  #tell(): void {
    clearImmediate(this.#telling)
    this.#telling = undefined
    this.#context.emit('counters', this.#counters())
  }

  #counters(): EngineCounters {
    return {
      ...this.#tally,
      delayed: this.#table.gate.delayed,
      lastRequestAt: this.#lastRequestAt,
      connections: this.#listener.connections,
    }
  }
}

/** The engine of the callback server, for a host to place. */
export const xmlRpcEngine: XmlRpcEngineDefinition = {
  name: 'xmlrpc-server',
  delivery: { acknowledged: 'lossless', counters: 'latest' },
  errors: engineErrors,
  create: (context, options) => new XmlRpcEngine(context, options),
}
