import type { Exchange } from './exchange.ts'

/** The body went beyond the bound; what follows of it is not read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** The peer went away before its body was complete. */
export class BodyAborted extends Error {
  override readonly name = 'BodyAborted'
}

/** Somebody else has read the body, as a body parser in front of a mounted handler does. */
export class BodyConsumed extends Error {
  override readonly name = 'BodyConsumed'
  override readonly message = 'the body was read before; mount the handler in front of body parsers'
}

/** Takes a body as it comes. What it throws ends the reading. */
export interface BodyReader {
  /** All of it, in one piece. */
  whole(bytes: Uint8Array): void
  piece(bytes: Uint8Array): void
  end(): void
  /** BodyTooLarge, BodyAborted, BodyConsumed, or what another method threw. Nothing follows. */
  failed(error: unknown): void
}

/** Reads a body of at most `maxBytes`; one that comes at once is handed on at once. */
export function readBody(exchange: Exchange, maxBytes: number, reader: BodyReader): void {
  const { request } = exchange
  if (request.readableEnded) {
    reader.failed(new BodyConsumed())
    return
  }
  const expected = Number(request.headers['content-length'] ?? -1)
  const stop = (): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
  }
  const fail = (error: unknown): void => {
    stop()
    reader.failed(error)
  }
  const onData = (chunk: Uint8Array): void => {
    const isFirst = exchange.bodyBytes === 0
    exchange.bodyBytes += chunk.byteLength
    if (exchange.bodyBytes > maxBytes) {
      request.pause()
      fail(new BodyTooLarge())
      return
    }
    try {
      if (isFirst && chunk.byteLength === expected) {
        stop()
        request.resume() // its end is still to come
        reader.whole(chunk)
      } else reader.piece(chunk)
    } catch (error) {
      request.resume() // the rest is of no interest, but the answer needs a connection in order
      fail(error)
    }
  }
  const onEnd = (): void => {
    stop()
    try {
      reader.end()
    } catch (error) {
      reader.failed(error)
    }
  }
  const onClose = (): void => fail(new BodyAborted())
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
}
