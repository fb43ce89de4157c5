import type { Clock, Timer } from '../clock/clock.ts'
import type { ErrorRevival } from '../errors/error-revival.ts'
import { toPlainError } from '../errors/plain-error.ts'
import { toCloneError } from '../executor/cloneable.ts'
import type { LaneEnd, LaneReader, LaneWriter } from '../lane/lane.ts'
import { writeIfOpen } from '../lane/write-if-open.ts'
import { LOG_LEVELS } from '../log/log-level.ts'
import type { CallOptions } from './contract.ts'
import { fromCrossingFields } from './crossing-fields.ts'
import type { EventTable } from './engine-stream.ts'
import type { ErasedHandlers } from './erased.ts'
import { EventDelivery } from './event-delivery.ts'
import type { HandlerGuard } from './handler-guard.ts'
import type { LinkCounters } from './link-counters.ts'
import { LinkClosedError } from './link-errors.ts'
import type { LinkLimits } from './link-limits.ts'
import { movable } from './movable.ts'
import { Down, type DownMessage, OBSERVATIONS, OBSERVATIONS_NAME, Up, type UpMessage } from './protocol.ts'
import { Requests } from './requests.ts'
import { findHandler, Responder } from './responder.ts'
import { turnOfLoop } from './turn-of-loop.ts'

/** What the facade's end of one engine's life is connected to. */
export interface FacadeSeat {
  readonly events: EventTable
  readonly handlers: ErasedHandlers
  readonly revival: ErrorRevival
  readonly guard: HandlerGuard
  readonly counters: LinkCounters
  readonly up: LaneReader<UpMessage>
  readonly down: LaneWriter<DownMessage>
  readonly limits: LinkLimits
  readonly clock: Clock
}

/** Longest time for which a crash waits for committed items before it rejects the pending calls, in milliseconds. */
const CRASH_PATIENCE_MS = 50

/** How many turns of the loop a stream that is cut off gets, so that what is known of it can be counted by name. */
const CUT_OFF_TURNS = 64

/**
 * The facade's end of one engine's life: takes the stream in order, settles calls, answers questions. A link has one
 * after the other when its engine crashes.
 */
export class FacadeEnd {
  /** Resolves when the engine was made and everything it emitted until then is delivered; rejects when it was not. */
  readonly started: Promise<void>
  /** Resolves after the last item of the stream. */
  readonly ended: Promise<LaneEnd>
  readonly #seat: FacadeSeat
  readonly #delivery: EventDelivery
  readonly #calls: Requests
  readonly #questions: Responder
  #settleStart: { resolve: () => void; reject: (error: unknown) => void } | undefined
  #resolveEnded!: (reason: LaneEnd) => void
  #crashTimer: Timer | undefined
  #isOver = false
  #isWriterDead = false
  #endedBy: Error | undefined
  #rejectedCalls = 0
  #hasFailed = false

  constructor(seat: FacadeSeat) {
    this.#seat = seat
    this.#delivery = new EventDelivery({
      handlers: seat.handlers,
      names: seat.events.names,
      counters: seat.counters,
      guard: seat.guard,
    })
    this.#calls = this.#createCalls()
    this.#questions = this.#createQuestions()
    this.started = new Promise((resolve, reject) => {
      this.#settleStart = { resolve, reject }
    })
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    seat.up.open({ item: (message) => this.#take(message), end: (reason) => this.#end(reason) })
  }

  get pendingCalls(): number {
    return this.#calls.size
  }

  get depth(): number {
    // a lane between threads may deliver an item before its writer has counted it
    return Math.max(0, this.#seat.up.depth)
  }

  /** Events that were discarded, by name. */
  get discarded(): Readonly<Record<string, number>> {
    return this.#delivery.discarded
  }

  get rejectedCalls(): number {
    return this.#rejectedCalls
  }

  /** Whether the engine has reported an error at its beginning or end. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Why the engine's thread is gone, once it is. */
  get crashedBy(): Error | undefined {
    return this.#endedBy
  }

  call(command: string, input: unknown, options: CallOptions | undefined): Promise<unknown> {
    return this.#calls.request(command, input, options)
  }

  observe(logLevel: number, diagnostics: boolean): void {
    this.#send([Down.observe, logLevel, diagnostics])
  }

  pause(): void {
    this.#seat.up.pause()
  }

  resume(): void {
    this.#seat.up.resume()
  }

  /** Tells the engine to go. Calls made from now on are refused. */
  askToClose(): void {
    this.#calls.refuse(new LinkClosedError(this.#seat.events.engine))
    this.#send([Down.close])
    this.#seat.down.commit()
  }

  /** Delivers no more events and rejects what waits. */
  abandon(): void {
    this.#delivery.startDiscarding()
    this.#rejectedCalls += this.#calls.close(new LinkClosedError(this.#seat.events.engine))
  }

  /** Ends the stream from this side. What is known of it and undelivered counts as discarded. */
  async cutOff(): Promise<void> {
    this.abandon()
    for (let turns = 0; turns < CUT_OFF_TURNS && this.depth > 0 && !this.#isOver; turns++) await turnOfLoop()
    if (this.#isOver) return
    const unread = this.#seat.up.close()
    if (unread > 0) this.#delivery.discard('(unread)', unread)
  }

  /** The engine's thread is gone: delivers what was committed, then rejects with `error`. */
  crash(error: Error): void {
    if (this.#isOver || this.#endedBy !== undefined) return
    this.#endedBy = error
    this.#calls.refuse(error)
    if (this.#isWriterDead) {
      this.#finish('writer-died')
      return
    }
    this.#seat.up.writerDied()
    this.#crashTimer = this.#seat.clock.setTimer(() => {
      this.#rejectedCalls += this.#calls.close(error)
    }, CRASH_PATIENCE_MS)
  }

  /**
   * For a message that cannot be cloned although it looks plain (what it holds changes as it is read, or hides behind an
   * array): fails what it belongs to, and gives what is to be sent in its place.
   */
  substituteFor(message: DownMessage, error: unknown): DownMessage | undefined {
    if (message[0] === Down.call) {
      const [, id, command, value] = message
      this.#calls.reject(id, () => toCloneError(error, { value, path: `${command}.input`, transfer: [] }))
    }
    if (message[0] !== Down.answer) return undefined
    const [, id, value] = message
    return [Down.answerError, id, toPlainError(toCloneError(error, { value, path: 'answer', transfer: [] }))]
  }

  #createCalls(): Requests {
    const { clock, events, limits } = this.#seat
    return new Requests({
      clock,
      queue: `calls to engine '${events.engine}'`,
      maxPending: limits.maxPending,
      send: ({ id, name, input, deadline }, transfer) => {
        this.#send([Down.call, id, name, input, deadline], transfer)
      },
      giveUp: (id) => this.#send([Down.cancel, id]),
    })
  }

  #createQuestions(): Responder {
    const { clock, events, handlers } = this.#seat
    return new Responder({
      clock,
      kind: 'question',
      where: `the facade of engine '${events.engine}'`,
      find: (name) => findHandler(handlers.questions, name),
      reply: (id, value) => this.#send([Down.answer, id, value]),
      replyError: (id, error) => this.#send([Down.answerError, id, error]),
    })
  }

  #send(message: DownMessage, transfer?: readonly ArrayBuffer[]): void {
    writeIfOpen(this.#seat.down, message, transfer === undefined ? undefined : movable(transfer))
  }

  #take(message: UpMessage): void {
    switch (message[0]) {
      case Up.event:
        this.#delivery.deliver(message[1], message[2])
        break
      case Up.latest:
        this.#send([Down.taken, message[3]])
        this.#delivery.deliver(message[1], message[2])
        break
      case Up.reply:
        this.#calls.resolve(message[1], message[2])
        break
      case Up.replyError:
        this.#calls.reject(message[1], () => this.#seat.revival.revive(message[2]))
        break
      case Up.ask:
        this.#questions.handle({ id: message[1], name: message[2], input: message[3], deadline: message[4] })
        break
      case Up.askCancel:
        this.#questions.cancel(message[1])
        break
      case Up.log:
      case Up.diagnostic:
      case Up.dropped:
      case Up.started:
      case Up.failed:
        this.#takeNotice(message)
        break
    }
  }

  #takeNotice(message: Extract<UpMessage, { 0: 6 | 7 | 8 | 9 | 10 }>): void {
    const { counters, guard, handlers, revival } = this.#seat
    switch (message[0]) {
      case Up.log: {
        const level = LOG_LEVELS[message[1]]
        if (level === undefined) break
        guard.run(() => handlers.onLog?.(level, fromCrossingFields(message[2], revival), message[3]))
        break
      }
      case Up.diagnostic:
        guard.run(() => handlers.onDiagnostic?.(message[1], fromCrossingFields(message[2], revival)))
        break
      case Up.dropped:
        counters.drop(message[1] === OBSERVATIONS ? OBSERVATIONS_NAME : this.#delivery.nameOf(message[1]), message[2])
        break
      case Up.started:
        this.#settleStart?.resolve()
        this.#settleStart = undefined
        break
      case Up.failed:
        this.#fail(revival.revive(message[1]))
        break
    }
  }

  /** Before the start this is its outcome, afterwards something that went wrong in the end. */
  #fail(error: unknown): void {
    this.#hasFailed = true
    if (this.#settleStart === undefined) {
      this.#seat.guard.report(error)
      return
    }
    this.#settleStart.reject(error)
    this.#settleStart = undefined
  }

  #end(reason: LaneEnd): void {
    this.#isWriterDead = reason === 'writer-died'
    // the lane may see the thread's end before the host can tell how it ended
    if (!this.#isWriterDead || this.#endedBy !== undefined) this.#finish(reason)
  }

  #finish(reason: LaneEnd): void {
    this.#isOver = true
    this.#crashTimer?.[Symbol.dispose]()
    const error = this.#endedBy ?? new LinkClosedError(this.#seat.events.engine)
    this.#rejectedCalls += this.#calls.close(error)
    this.#questions.cancelAll(error)
    this.#settleStart?.reject(error)
    this.#settleStart = undefined
    this.#seat.down.close()
    this.#resolveEnded(reason)
  }
}
