import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { ErrorRevival } from '../errors/error-revival.ts'
import type { NotPlainError } from '../errors/not-plain-error.ts'
import { toPlainError } from '../errors/plain-error.ts'
import { toCloneError } from '../executor/cloneable.ts'
import type { LaneReader, LaneWriter } from '../lane/lane.ts'
import { EngineStream, type EventTable } from './engine-stream.ts'
import type { ErasedDefinition, ErasedEngine } from './erased.ts'
import type { LinkLimits } from './link-limits.ts'
import { LinkClosedError, linkRevival } from './link-errors.ts'
import { Down, type DownMessage, OBSERVATIONS, Up, type UpMessage } from './protocol.ts'
import { Requests } from './requests.ts'
import { findHandler, Responder } from './responder.ts'
import { StreamContext } from './stream-context.ts'
import { turnOfLoop } from './turn-of-loop.ts'

/** What an engine is made of and connected to. */
export interface EngineSeat {
  readonly definition: ErasedDefinition
  /** The engine's own options: plain, and shared with nobody. */
  readonly options: unknown
  readonly events: EventTable
  readonly up: LaneWriter<UpMessage>
  readonly down: LaneReader<DownMessage>
  readonly limits: LinkLimits
  /** What the facade wants to be told from the first moment on; the level as in the protocol. */
  readonly observe: { readonly logLevel: number; readonly diagnostics: boolean }
  readonly clock: Clock
  readonly random: Random
  /** Called once, when the engine is disposed of and its stream has ended. */
  readonly onGone?: () => void
}

/** The engine's end of a link: makes the engine, drives it by what the facade sends, and disposes of it. */
export class EngineEnd {
  readonly #seat: EngineSeat
  readonly #revival: ErrorRevival
  readonly #stream: EngineStream
  readonly #questions: Requests
  readonly #commands: Responder
  readonly #stop = new AbortController()
  #engine: ErasedEngine | undefined
  #closing: Promise<void> | undefined

  constructor(seat: EngineSeat) {
    const { definition, events, limits, observe, up } = seat
    this.#seat = seat
    this.#revival = linkRevival(definition.errors)
    this.#stream = new EngineStream(up, events, limits.highWaterMark)
    this.#stream.observe(observe.logLevel, observe.diagnostics)
    this.#questions = this.#createQuestions(seat)
    this.#commands = this.#createCommands(seat)
  }

  /** Makes the engine. What it throws becomes the outcome of the placing. */
  start(): void {
    const { clock, definition, down, options, random } = this.#seat
    const context = new StreamContext({
      stream: this.#stream,
      questions: this.#questions,
      signal: this.#stop.signal,
      clock,
      random,
    })
    try {
      this.#engine = definition.create(context, options)
      this.#stream.send([Up.started])
    } catch (error) {
      this.#stream.send([Up.failed, toPlainError(error)])
    }
    down.open({
      item: (message) => this.#obey(message),
      end: () => void this.close(),
    })
    if (this.#engine === undefined) void this.close()
  }

  /** Disposes of the engine and ends its stream; the same promise at every call. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#dispose().then(this.#seat.onGone)
    return this.#closing
  }

  /** As at the facade's end; an event is left out and told of as an error. */
  substituteFor(message: UpMessage, error: unknown): UpMessage | undefined {
    const refusal = (value: unknown, path: string): NotPlainError => toCloneError(error, { value, path, transfer: [] })
    switch (message[0]) {
      case Up.reply:
        return [Up.replyError, message[1], toPlainError(refusal(message[2], 'output'))]
      case Up.ask:
        this.#questions.reject(message[1], () => refusal(message[3], `${message[2]}.input`))
        break
      case Up.latest:
        // its key would wait for it; not now, as the lane is at work
        queueMicrotask(() => this.#stream.taken(message[3]))
        return [Up.failed, toPlainError(refusal(message[2], this.#nameOf(message[1])))]
      case Up.event:
        return [Up.failed, toPlainError(refusal(message[2], this.#nameOf(message[1])))]
      case Up.log:
      case Up.diagnostic:
        return [Up.dropped, OBSERVATIONS, 1]
      // of numbers and plain errors alone
      case Up.replyError:
      case Up.askCancel:
      case Up.dropped:
      case Up.started:
      case Up.failed:
        break
    }
    return undefined
  }

  #nameOf(event: number): string {
    return this.#seat.events.names[event] ?? 'event'
  }

  #createQuestions({ clock, definition, limits }: EngineSeat): Requests {
    return new Requests({
      clock,
      queue: `questions of engine '${definition.name}'`,
      maxPending: limits.maxPending,
      send: ({ id, name, input, deadline }, transfer) => {
        this.#stream.send([Up.ask, id, name, input, deadline], transfer)
      },
      giveUp: (id) => {
        this.#stream.send([Up.askCancel, id])
      },
    })
  }

  #createCommands({ clock, definition }: EngineSeat): Responder {
    return new Responder({
      clock,
      kind: 'command',
      where: `engine '${definition.name}'`,
      find: (name) => findHandler(this.#engine?.commands, name),
      reply: (id, value) => {
        this.#stream.send([Up.reply, id, value])
      },
      replyError: (id, error) => {
        this.#stream.send([Up.replyError, id, error])
      },
    })
  }

  #obey(message: DownMessage): void {
    switch (message[0]) {
      case Down.call:
        this.#commands.handle({ id: message[1], name: message[2], input: message[3], deadline: message[4] })
        break
      case Down.cancel:
        this.#commands.cancel(message[1])
        break
      case Down.answer:
        this.#questions.resolve(message[1], message[2])
        break
      case Down.answerError:
        this.#questions.reject(message[1], () => this.#revival.revive(message[2]))
        break
      case Down.observe:
        this.#stream.observe(message[1], message[2])
        break
      case Down.taken:
        this.#stream.taken(message[1])
        break
      case Down.close:
        void this.close()
        break
    }
  }

  async #dispose(): Promise<void> {
    const reason = new LinkClosedError(this.#seat.definition.name)
    this.#stop.abort(reason)
    try {
      await this.#engine?.dispose()
    } catch (error) {
      this.#stream.send([Up.failed, toPlainError(error)])
    }
    this.#questions.close(reason)
    this.#commands.cancelAll(reason)
    // what the engine rejected while it was disposed of gets its way out as replies
    if (this.#commands.running > 0) await turnOfLoop()
    this.#stream.close()
    this.#seat.down.close()
  }
}
