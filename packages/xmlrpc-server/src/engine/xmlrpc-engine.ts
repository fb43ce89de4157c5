import type { Engine, EngineContext } from '@x/loop-utils/channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AnswerTable } from './answer-table.ts'
import { CallAnswerer } from './call-answerer.ts'
import type { EngineCounters, XmlRpcEngineContract, XmlRpcEngineDefinition, XmlRpcEngineOptions } from './contract.ts'
import { engineErrors } from './engine-errors.ts'
import { answer, refuse } from './http-answer.ts'
import { HttpListener } from './http-listener.ts'
import type { RequestLife } from './request-life.ts'
import { pathOf } from './http-refusal.ts'

/** The engine of the callback server: sockets, HTTP, decoding, and the answers that nobody has to be asked for. */
class XmlRpcEngine implements Engine<XmlRpcEngineContract> {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #listener: HttpListener
  readonly #table: AnswerTable
  readonly #answerer: CallAnswerer
  #requests = 0
  #errors = 0
  #lastRequestAt: number | null = null

  constructor(context: EngineContext<XmlRpcEngineContract>, options: XmlRpcEngineOptions) {
    this.#context = context
    this.#table = new AnswerTable(context, options)
    this.#answerer = new CallAnswerer(this.#table, options, context)
    this.#listener = new HttpListener(options, (request, response, life) => this.#handle(request, response, life))
  }

  readonly commands: Engine<XmlRpcEngineContract>['commands'] = {
    listen: (address) => this.#listener.listen(address),
    setMethods: ({ names }) => this.#table.setMethods(names),
    setDeviceList: ({ interfaceId, devices }) => this.#table.setDeviceList(interfaceId, devices),
    drain: ({ deadlineMs }) => this.#listener.drain(deadlineMs),
    counters: () => this.#counters(),
  }

  async dispose(): Promise<void> {
    await this.#listener.drain(0)
  }

  async #handle(request: IncomingMessage, response: ServerResponse, life: RequestLife): Promise<void> {
    if (pathOf(request) === '/health') {
      this.#answerHealth(request, response)
      return
    }
    const outcome = await this.#answerer.answer(request, response, life)
    if (outcome === 'gone') return
    this.#requests++
    if (outcome === 'error') this.#errors++
    this.#lastRequestAt = this.#context.clock.wall()
    this.#context.emit('counters', this.#counters())
  }

  #answerHealth(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, { status: 405, text: 'use GET', headers: { Allow: 'GET, HEAD' }, close: true })
      return
    }
    const bytes = Buffer.from(`${JSON.stringify({ status: 'ok', ...this.#counters() })}\n`)
    answer(response, 200, { type: 'application/json', bytes })
  }

  #counters(): EngineCounters {
    return {
      requests: this.#requests,
      errors: this.#errors,
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
