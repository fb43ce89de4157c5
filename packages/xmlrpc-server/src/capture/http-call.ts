import { request as httpRequest, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** One request, whole. */
export interface HttpCall {
  readonly url: URL
  readonly method: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
  readonly agent: Agent
  /** Its abort rejects with its reason. */
  readonly signal: AbortSignal
  /** Longest answer that is read, in bytes. */
  readonly maxAnswerBytes: number
}

/** An answer, whole. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Makes a request and reads its answer. @throws what Node throws, an Error for an answer that is too long, the reason of the signal */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  const { url, method, headers, body, agent, signal, maxAnswerBytes } = call
  signal.throwIfAborted()
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  const sent = open(url, { method, headers: { ...headers, 'Content-Length': body.byteLength }, agent })
  const onAbort = (): void => void sent.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', (response) => {
        const pieces: Buffer[] = []
        let size = 0
        response.on('error', reject)
        response.on('data', (piece: Buffer) => {
          size += piece.length
          if (size <= maxAnswerBytes) pieces.push(piece)
          else {
            reject(new Error(`the answer has more than ${maxAnswerBytes} bytes`))
            sent.destroy()
          }
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) })
        })
      })
      sent.end(body)
    })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
