import type { EngineCounters, ListenAddress } from './contract.ts'
import { type Answer, answerOf } from './exchange.ts'
import type { ServerNotice } from './server-notice.ts'

/** What an engine tells of its server. */
export interface EngineFacts {
  readonly counters: EngineCounters
  readonly notice: ServerNotice
  readonly address: ListenAddress | undefined
}

const MODES = ['loop', 'thread'] as const
const BREAKER_STATES = ['closed', 'open', 'half-open', 'disabled'] as const

/**
 * The answer to `GET /health`: what the server does and did, in JSON, told by the engine alone. What becomes of
 * callbacks is as the facade told it last.
 */
export function healthDocument({ counters, notice, address }: EngineFacts): Answer {
  const { requests, errors, denied, delayed, connections, lastRequestAt } = totals(counters, notice)
  const { centralNames, restriction, callbacks } = notice
  const document = {
    status: restriction === null ? 'ok' : 'degraded',
    ...(restriction === null ? {} : { reason: restriction }),
    started: true,
    mode: notice.mode,
    requestCount: requests,
    errorCount: errors,
    errorRate: requests === 0 ? 0 : errors / requests,
    lastRequest: lastRequestAt === null ? null : new Date(lastRequestAt).toISOString(),
    deniedRequests: denied,
    connections,
    centralsRegistered: centralNames.length,
    centralNames,
    unknownInterfaceIds: callbacks.unknown,
    waitingCallbacks: callbacks.waiting,
    delayedAnswers: delayed,
    droppedCallbacks: callbacks.dropped,
    coalescedEvents: callbacks.coalesced,
    failedCallbacks: callbacks.failed,
    engineRestarts: notice.restarts,
    switches: notice.switches,
    breaker: notice.breaker,
    listenAddress: address === undefined ? null : { host: address.host, port: address.port },
  }
  return answerOf('application/json', Buffer.from(`${JSON.stringify(document)}\n`))
}

/** The answer to `GET /metrics`: the same figures in the text format of Prometheus. */
export function metricsDocument({ counters, notice }: EngineFacts): Answer {
  const { requests, errors, denied, delayed, connections } = totals(counters, notice)
  const { callbacks } = notice
  const lines = [
    ...metric('requests_total', 'counter', requests),
    ...metric('errors_total', 'counter', errors),
    ...metric('denied_requests_total', 'counter', denied),
    ...metric('delayed_answers_total', 'counter', delayed),
    ...metric('dropped_callbacks_total', 'counter', callbacks.dropped),
    ...metric('coalesced_events_total', 'counter', callbacks.coalesced),
    ...metric('failed_callbacks_total', 'counter', callbacks.failed),
    ...metric('unknown_interface_ids_total', 'counter', callbacks.unknown),
    ...metric('engine_restarts_total', 'counter', notice.restarts),
    ...metric('switches_total', 'counter', notice.switches),
    ...metric('waiting_callbacks', 'gauge', callbacks.waiting),
    ...metric('connections', 'gauge', connections),
    ...metric('centrals', 'gauge', notice.centralNames.length),
    ...metric('degraded', 'gauge', notice.restriction === null ? 0 : 1),
    ...states({ name: 'mode', label: 'mode' }, notice.mode, MODES),
    ...states({ name: 'breaker', label: 'state' }, notice.breaker, BREAKER_STATES),
  ]
  return answerOf('text/plain; version=0.0.4; charset=utf-8', Buffer.from(`${lines.join('\n')}\n`))
}

/** What all engines of the server have counted together. */
function totals(own: EngineCounters, { others }: ServerNotice): ServerNotice['others'] {
  const latest = Math.max(own.lastRequestAt ?? 0, others.lastRequestAt ?? 0)
  return {
    requests: others.requests + own.requests,
    errors: others.errors + own.errors,
    denied: others.denied + own.denied,
    delayed: others.delayed + own.delayed,
    connections: others.connections + own.connections,
    lastRequestAt: latest === 0 ? null : latest,
  }
}

function metric(name: string, type: 'counter' | 'gauge', value: number): string[] {
  return [`# TYPE xmlrpc_server_${name} ${type}`, `xmlrpc_server_${name} ${value}`]
}

/** One of several states: 1 for the one that is, 0 for the others. */
function states(
  { name, label }: { readonly name: string; readonly label: string },
  current: string,
  all: readonly string[],
): string[] {
  const samples = all.map((state) => `xmlrpc_server_${name}{${label}="${state}"} ${state === current ? 1 : 0}`)
  return [`# TYPE xmlrpc_server_${name} gauge`, ...samples]
}
