import type { IncomingMessage } from 'node:http'
import { answerOf, type Exchange, type ExchangeOutcome } from './exchange.ts'

/** An answer that is not XML-RPC: what is wrong with the request, at the level of HTTP. */
export interface HttpRefusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 417 | 431 | 500 | 503
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the connection ends with the answer, as when the rest of a body is not wanted. */
  readonly close?: boolean
}

/** The paths at which calls are taken. */
const CALL_PATHS: readonly string[] = ['/', '/RPC2']

/** `text/xml`, `application/xml` and anything that ends in `+xml`. */
const XML_TYPE = /^(?:text|application)\/(?:xml|[\w.!#$&^-]+\+xml)$/i

/** What may stand before the path: RFC 9112, 3.2.2 has servers accept a whole address as the target. */
const ORIGIN = /^https?:\/\/[^/?]+/i

/** The path of a request without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const target = url.startsWith('/') ? url : url.replace(ORIGIN, '')
  const query = target.indexOf('?')
  return (query < 0 ? target : target.slice(0, query)) || '/'
}

/** Why a request is no XML-RPC call, judged by its line and headers alone; undefined if it may be one. */
export function refusalOf({ request, isMounted }: Exchange, maxBodyBytes: number): HttpRefusal | undefined {
  const disorder = isMounted ? undefined : disorderOf(request)
  if (disorder !== undefined) return disorder
  if (!isMounted && !CALL_PATHS.includes(pathOf(request))) {
    return { status: 404, text: `no such path; post calls to ${CALL_PATHS.join(' or ')}` }
  }
  if (request.method !== 'POST') {
    return { status: 405, text: `method ${request.method} is not allowed; use POST`, headers: { Allow: 'POST' } }
  }
  const type = request.headers['content-type']
  if (type !== undefined && type !== 'text/xml' && !isXml(type)) {
    return { status: 415, text: `content type ${type.slice(0, 60)} is not XML; send text/xml`, close: true }
  }
  return Number(request.headers['content-length'] ?? 0) > maxBodyBytes ? tooLarge(maxBodyBytes) : undefined
}

/** What HTTP itself has against a request. Node would answer these in chunks. */
function disorderOf({ headers, httpVersion }: IncomingMessage): HttpRefusal | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return { status: 400, text: 'a request of HTTP/1.1 needs a Host header', close: true }
  }
  const { expect } = headers
  if (expect === undefined || expect.toLowerCase() === '100-continue') return undefined
  return { status: 417, text: `expectation ${expect.slice(0, 60)} is not known`, close: true }
}

/** The answer to a body beyond the bound. */
export function tooLarge(maxBodyBytes: number): HttpRefusal {
  return { status: 413, text: `the body exceeds ${maxBodyBytes} bytes`, close: true }
}

/** The charset that a Content-Type states, if it does. */
export function charsetOf({ headers }: IncomingMessage): string | undefined {
  const type = headers['content-type']
  if (type === undefined || type === 'text/xml') return undefined
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(type)?.[1]
}

/** Answers with a refusal as plain text. */
export function refuse(exchange: Exchange, refusal: HttpRefusal): void {
  if (refusal.close === true) exchange.isLast = true
  const answer = answerOf('text/plain; charset=utf-8', Buffer.from(`${refusal.text}\n`), refusal.headers)
  exchange.answer(refusal.status, answer, outcomeOf(refusal))
}

function outcomeOf({ status }: HttpRefusal): ExchangeOutcome {
  if (status === 401 || status === 403) return 'denied'
  return status === 500 ? 'failure' : 'error'
}

function isXml(type: string): boolean {
  return XML_TYPE.test((type.split(';')[0] ?? '').trim())
}
