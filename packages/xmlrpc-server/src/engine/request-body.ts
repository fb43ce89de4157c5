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

/** Reads a body of at most so many bytes; one that comes at once is handed on at once. */
export abstract class BodyReader {
  protected readonly exchange: Exchange
  readonly #maxBytes: number
  #isOver = false
  /** Why the body is refused. Whoever sends it is told at its end: most would not see an answer before. */
  #refusal: { readonly error: unknown } | undefined

  constructor(exchange: Exchange, maxBytes: number) {
    this.exchange = exchange
    this.#maxBytes = maxBytes
  }

  /** Begins to read; one of the methods below is called then. */
  read(): void {
    const { request } = this.exchange
    if (request.readableEnded) {
      this.failed(new BodyConsumed())
      return
    }
    request.on('data', (chunk: Uint8Array) => this.#take(chunk))
    request.on('end', () => this.#end())
    request.on('close', () => {
      if (!this.#isOver) this.#fail(new BodyAborted())
    })
  }

  /** All of it, in one piece. */
  protected abstract whole(bytes: Uint8Array): void
  protected abstract piece(bytes: Uint8Array): void
  protected abstract end(): void
  /** BodyTooLarge, BodyAborted, BodyConsumed, or what another method threw. Nothing follows. */
  protected abstract failed(error: unknown): void

  #take(chunk: Uint8Array): void {
    const { exchange } = this
    if (this.#isOver || exchange.isSettled) return
    const isFirst = exchange.bodyBytes === 0
    exchange.bodyBytes += chunk.byteLength
    if (exchange.bodyBytes > this.#maxBytes) {
      exchange.request.pause()
      this.#fail(new BodyTooLarge())
      return
    }
    if (this.#refusal !== undefined) return
    try {
      if (!isFirst || String(chunk.byteLength) !== exchange.request.headers['content-length']) this.piece(chunk)
      else {
        this.#isOver = true
        this.whole(chunk)
      }
    } catch (error) {
      if (this.#isOver) this.failed(error)
      else this.#refusal = { error }
    }
  }

  #end(): void {
    if (this.#isOver || this.exchange.isSettled) return
    this.#isOver = true
    try {
      if (this.#refusal !== undefined) throw this.#refusal.error
      this.end()
    } catch (error) {
      this.failed(error)
    }
  }

  #fail(error: Error): void {
    this.#isOver = true
    this.failed(error)
  }
}
