import type { IncomingMessage } from 'node:http'

/** The body went beyond the bound; what follows of it is not read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** The peer went away before its body was complete. */
export class BodyAborted extends Error {
  override readonly name = 'BodyAborted'
}

/**
 * Hands the pieces of a body to `push` as they come, at most `maxBytes` of them.
 *
 * @throws BodyTooLarge, BodyAborted, or whatever `push` throws
 */
export function readBody(request: IncomingMessage, maxBytes: number, push: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    const settle = (error?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onData = (chunk: Uint8Array): void => {
      received += chunk.byteLength
      if (received > maxBytes) {
        request.pause()
        settle(new BodyTooLarge())
        return
      }
      try {
        push(chunk)
      } catch (error) {
        settle(error)
        request.resume() // the rest is of no interest, but the answer needs a connection in order
      }
    }
    const onEnd = (): void => settle()
    const onClose = (): void => settle(new BodyAborted())
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}
