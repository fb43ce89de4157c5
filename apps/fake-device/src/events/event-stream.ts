import type { ControlEvent } from '@x/testkit/control'
import { ApiProblem } from '../api/problem.ts'
import type { EventLog } from './event-log.ts'

/** How events are brought to their readers. */
export interface EventStreamsOptions {
  readonly log: EventLog
  /** Pause between two signs of life, in milliseconds. */
  readonly heartbeatMs: number
  /** Most readers at once. */
  readonly maxReaders: number
  /** How many characters wait for a slow reader before it is dropped; it may come back with its last id. */
  readonly maxBacklog: number
}

/** Brings events to readers as `text/event-stream` (WHATWG HTML, 9.2). */
export class EventStreams {
  readonly #options: EventStreamsOptions
  readonly #readers = new Set<Reader>()
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: EventStreamsOptions) {
    this.#options = options
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Opens a stream, which begins with what came after `lastEventId`. @throws ApiProblem */
  open(lastEventId: string | undefined): ReadableStream<Uint8Array> {
    const { log, maxReaders, maxBacklog } = this.#options
    if (this.#readers.size >= maxReaders) {
      throw new ApiProblem('FAKE_TOO_MANY_READERS', `${maxReaders} readers follow the events already; close some`)
    }
    const reader: Reader = new Reader(maxBacklog, () => this.#remove(reader))
    return reader.stream(() => {
      this.#add(reader)
      // who sees this knows that nothing from here on is missed
      reader.write(`: from ${log.lastId}\n\n`)
      if (lastEventId !== undefined) this.#replay(reader, lastEventId)
      return log.follow((event) => reader.write(format(event)))
    })
  }

  /** Ends every stream. */
  close(): void {
    for (const reader of this.#readers) reader.close()
  }

  #replay(reader: Reader, lastEventId: string): void {
    const { log } = this.#options
    const { events, missed } = log.since(lastEventId)
    if (missed !== 0) {
      reader.write(format({ id: lastEventId, type: 'gap', at: new Date().toISOString(), data: { missed } }))
    }
    for (const event of events) reader.write(format(event))
  }

  #add(reader: Reader): void {
    this.#readers.add(reader)
    this.#heartbeat ??= setInterval(() => {
      for (const each of this.#readers) each.write(': still here\n\n')
    }, this.#options.heartbeatMs)
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader)
    if (this.#readers.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}

class Reader {
  readonly #maxBacklog: number
  readonly #onEnd: () => void
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #following: Disposable | undefined

  constructor(maxBacklog: number, onEnd: () => void) {
    this.#maxBacklog = maxBacklog
    this.#onEnd = onEnd
  }

  stream(begin: () => Disposable): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
          const following = begin()
          // the backlog may have been too much already
          if (this.#controller === undefined) following[Symbol.dispose]()
          else this.#following = following
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: this.#maxBacklog, size: (chunk) => chunk?.length ?? 0 },
    )
  }

  write(text: string): void {
    const controller = this.#controller
    if (controller === undefined) return
    controller.enqueue(this.#encoder.encode(text))
    if ((controller.desiredSize ?? 0) < 0) this.close()
  }

  close(): void {
    const controller = this.#controller
    this.#end()
    controller?.close()
  }

  #end(): void {
    this.#controller = undefined
    this.#following?.[Symbol.dispose]()
    this.#onEnd()
  }
}

function format({ id, type, at, data }: ControlEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ at, data })}\n\n`
}
