import { ControlAnswerError, ControlUnreachableError } from './control-errors.ts'
import { EventStreamParser, StreamTooLongError, type StreamMessage } from './event-stream-parser.ts'
import type { ControlEvent } from './wire.ts'

const MAX_MESSAGE = 16 * 1024 * 1024

/**
 * The events of a fake-device server, from the moment at which they were asked for. Iterate it once. Aborting the signal
 * rejects with its reason; {@link close} ends the iteration; a broken connection rejects with a typed error.
 */
export class ControlEvents implements AsyncIterableIterator<ControlEvent>, AsyncDisposable {
  /** Resolves once the server has begun to keep events for this reader. */
  readonly opened: Promise<void>
  readonly #own = new AbortController()
  readonly #events: AsyncGenerator<ControlEvent, undefined>

  /** @internal */
  constructor(open: (signal: AbortSignal) => Promise<Response>, signal: AbortSignal | undefined) {
    const response = open(signal === undefined ? this.#own.signal : AbortSignal.any([this.#own.signal, signal]))
    this.opened = response.then(() => undefined)
    // who only iterates learns of it there
    this.opened.catch(() => undefined)
    this.#events = read(response, { own: this.#own.signal, given: signal })
  }

  async next(): Promise<IteratorResult<ControlEvent, undefined>> {
    return this.#own.signal.aborted ? { done: true, value: undefined } : await this.#events.next()
  }

  async return(): Promise<IteratorResult<ControlEvent, undefined>> {
    await this.close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Ends the stream and its connection. Idempotent. */
  async close(): Promise<void> {
    this.#own.abort()
    await this.opened.catch(() => undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

interface Signals {
  readonly own: AbortSignal
  readonly given: AbortSignal | undefined
}

async function* read(opening: Promise<Response>, signals: Signals): AsyncGenerator<ControlEvent, undefined> {
  let url = ''
  try {
    const response = await opening
    url = response.url
    const parser = new EventStreamParser(MAX_MESSAGE)
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      for (const message of parser.push(decoder.decode(chunk as Uint8Array, { stream: true }))) {
        yield toEvent(message, url)
      }
    }
  } catch (error) {
    if (signals.own.aborted) return undefined
    signals.given?.throwIfAborted()
    if (error instanceof StreamTooLongError) throw new ControlAnswerError(error.message, { url, status: 200 })
    throw url === '' || error instanceof ControlAnswerError ? error : new ControlUnreachableError(url, error)
  }
  return undefined
}

function toEvent({ id, event, data }: StreamMessage, url: string): ControlEvent {
  try {
    const { at, ...rest } = JSON.parse(data) as { readonly at: string; readonly data: unknown }
    return { id, type: event, at, data: rest.data } as ControlEvent
  } catch {
    throw new ControlAnswerError('an event that is no JSON', { url, status: 200 })
  }
}
