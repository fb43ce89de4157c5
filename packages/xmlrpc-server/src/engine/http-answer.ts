import type { ServerResponse } from 'node:http'
import type { HttpRefusal } from './http-refusal.ts'

/**
 * Writes a whole answer. It always carries a Content-Length and is never chunked: clients of the XmlRpc++ family read
 * nothing else.
 */
export function answer(response: ServerResponse, status: number, body: Answer): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { 'Content-Type': body.type, 'Content-Length': body.bytes.byteLength, ...body.headers })
  response.end(body.bytes)
}

/** A body with its type and any further headers. */
export interface Answer {
  readonly type: string
  readonly bytes: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a refusal as plain text. */
export function refuse(response: ServerResponse, refusal: HttpRefusal): void {
  const headers = { ...refusal.headers, ...(refusal.close === true ? { Connection: 'close' } : {}) }
  const bytes = Buffer.from(`${refusal.text}\n`)
  answer(response, refusal.status, { type: 'text/plain; charset=utf-8', bytes, headers })
}
