import type { EngineCounters, ListenAddress, ServerNotice } from './contract.ts'
import { type Answer, answerOf } from './exchange.ts'

/** What an engine tells of its server. */
export interface EngineFacts {
  readonly counters: EngineCounters
  readonly notice: ServerNotice
  readonly address: ListenAddress | undefined
}

/** The answer to `GET /health`: what the server does and did, in JSON, told by the engine alone. */
export function healthDocument({ counters, notice, address }: EngineFacts): Answer {
  const { requestCount, errorCount } = totals(counters, notice)
  const { centralNames, restriction } = notice
  const { connections, denied, delayed, lastRequestAt } = counters
  const document = {
    status: restriction === null ? 'ok' : 'degraded',
    ...(restriction === null ? {} : { reason: restriction }),
    started: true,
    requestCount,
    errorCount,
    errorRate: requestCount === 0 ? 0 : errorCount / requestCount,
    lastRequest: lastRequestAt === null ? null : new Date(lastRequestAt).toISOString(),
    centralsRegistered: centralNames.length,
    centralNames,
    connections,
    deniedRequests: denied,
    delayedAnswers: delayed,
    listenAddress: address === undefined ? null : { host: address.host, port: address.port },
  }
  return answerOf('application/json', Buffer.from(`${JSON.stringify(document)}\n`))
}

/** The answer to `GET /metrics`: the same figures in the text format of Prometheus. */
export function metricsDocument({ counters, notice }: EngineFacts): Answer {
  const { requestCount, errorCount } = totals(counters, notice)
  const lines = [
    ...metric('requests_total', 'counter', requestCount),
    ...metric('errors_total', 'counter', errorCount),
    ...metric('denied_requests_total', 'counter', counters.denied),
    ...metric('delayed_answers_total', 'counter', counters.delayed),
    ...metric('connections', 'gauge', counters.connections),
    ...metric('centrals', 'gauge', notice.centralNames.length),
    ...metric('degraded', 'gauge', notice.restriction === null ? 0 : 1),
  ]
  return answerOf('text/plain; version=0.0.4; charset=utf-8', Buffer.from(`${lines.join('\n')}\n`))
}

interface Totals {
  readonly requestCount: number
  readonly errorCount: number
}

function totals({ requests, errors }: EngineCounters, { past }: ServerNotice): Totals {
  return { requestCount: past.requests + requests, errorCount: past.errors + errors }
}

function metric(name: string, type: 'counter' | 'gauge', value: number): string[] {
  return [`# TYPE xmlrpc_server_${name} ${type}`, `xmlrpc_server_${name} ${value}`]
}
