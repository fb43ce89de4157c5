import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request in which every header is the test's own, the Host among them. */
export async function raw(
  url: string,
  { method = 'GET', headers = {}, body = '' }: RawRequest = {},
): Promise<RawAnswer> {
  const sent = request(url, { method, headers: { Connection: 'close', ...headers } })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

/** Sends JSON; the answer's body is parsed. */
export async function sendJson(url: string, method: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await raw(url, { method, headers: { 'Content-Type': 'application/json' }, body: text })
  return { status: answer.status, body: answer.text === '' ? undefined : JSON.parse(answer.text) }
}
