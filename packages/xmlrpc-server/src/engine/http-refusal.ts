import type { IncomingMessage } from 'node:http'

/** An answer that is not XML-RPC: what is wrong with the request, at the level of HTTP. */
export interface HttpRefusal {
  readonly status: 400 | 404 | 405 | 413 | 415 | 500 | 503
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the connection ends with the answer, as when the rest of a body is not wanted. */
  readonly close?: boolean
}

/** The paths at which calls are taken. */
const CALL_PATHS: readonly string[] = ['/', '/RPC2']

/** `text/xml`, `application/xml` and anything that ends in `+xml`. */
const XML_TYPE = /^(?:text|application)\/(?:xml|[\w.!#$&^-]+\+xml)$/i

/** The path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** Why a request is no XML-RPC call, judged by its line and headers alone; undefined if it may be one. */
export function refusalOf(request: IncomingMessage, maxBodyBytes: number): HttpRefusal | undefined {
  const path = pathOf(request)
  if (!CALL_PATHS.includes(path)) return { status: 404, text: `no such path; post calls to ${CALL_PATHS.join(' or ')}` }
  if (request.method !== 'POST') {
    return { status: 405, text: `method ${request.method} is not allowed; use POST`, headers: { Allow: 'POST' } }
  }
  const type = request.headers['content-type']
  if (type !== undefined && !XML_TYPE.test((type.split(';')[0] ?? '').trim())) {
    return { status: 415, text: `content type ${type.slice(0, 60)} is not XML; send text/xml`, close: true }
  }
  return Number(request.headers['content-length'] ?? 0) > maxBodyBytes ? tooLarge(maxBodyBytes) : undefined
}

/** The answer to a body beyond the bound. */
export function tooLarge(maxBodyBytes: number): HttpRefusal {
  return { status: 413, text: `the body exceeds ${maxBodyBytes} bytes`, close: true }
}

/** The charset that a Content-Type states, if it does. */
export function charsetOf(request: IncomingMessage): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1]
}
