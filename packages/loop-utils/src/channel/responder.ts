import type { Clock } from '../clock/clock.ts'
import { type PlainThrown, toPlainError } from '../errors/plain-error.ts'
import { isThenable } from '../policy/race.ts'
import { asPlain } from './as-plain.ts'
import type { CommandContext } from './contract.ts'
import { CallCancelledError, ContractError } from './link-errors.ts'
import type { Request } from './requests.ts'

/** What a request is answered by. */
export type RequestHandler = (input: unknown, context: CommandContext) => unknown

/** How answers leave this end. */
export interface AnswerSender {
  readonly clock: Clock
  /** What a handler is called in an error: `command` or `question`. */
  readonly kind: 'command' | 'question'
  /** Names this end in an error, such as `engine 'mqtt'`. */
  readonly where: string
  find(name: string): RequestHandler | undefined
  reply(id: number, value: unknown): void
  replyError(id: number, error: PlainThrown): void
}

/** The answering side: runs the handlers of requests from the other end, and cancels them. */
export class Responder {
  readonly #sender: AnswerSender
  readonly #running = new Map<number, RequestContext>()

  constructor(sender: AnswerSender) {
    this.#sender = sender
  }

  /** Requests whose answer is not there yet. */
  get running(): number {
    return this.#running.size
  }

  handle({ id, name, input, deadline }: Request): void {
    const { clock, kind, where } = this.#sender
    const handler = this.#sender.find(name)
    if (handler === undefined) {
      this.#fail(id, new ContractError(`${kind} '${name}'`, where))
      return
    }
    const context = new RequestContext(name, deadline === undefined ? undefined : Math.max(0, deadline - clock.now()))
    try {
      const outcome = handler(input, context)
      if (isThenable(outcome)) this.#await(id, context, outcome)
      else this.#succeed(id, name, outcome)
    } catch (error) {
      this.#fail(id, error)
    }
  }

  /** Nobody waits for the answer any more. */
  cancel(id: number): void {
    const context = this.#running.get(id)
    context?.cancel(new CallCancelledError(context.name))
  }

  /** This end goes: aborts every handler that is still at work. */
  cancelAll(reason: Error): void {
    for (const context of this.#running.values()) context.cancel(reason)
  }

  #await(id: number, context: RequestContext, outcome: PromiseLike<unknown>): void {
    this.#running.set(id, context)
    // a promise is taken as it is; what only looks like one gets the manners of one
    Promise.resolve(outcome).then(
      (value) => {
        this.#running.delete(id)
        this.#succeed(id, context.name, value)
      },
      (error: unknown) => {
        this.#running.delete(id)
        this.#fail(id, error)
      },
    )
  }

  #succeed(id: number, name: string, value: unknown): void {
    try {
      this.#sender.reply(id, asPlain(value, `${name}.output`))
    } catch (error) {
      this.#fail(id, error)
    }
  }

  #fail(id: number, error: unknown): void {
    this.#sender.replyError(id, toPlainError(error))
  }
}

/** The signal is only made when somebody looks at it: it costs more than most commands. */
class RequestContext implements CommandContext {
  readonly name: string
  readonly remainingMs: number | undefined
  #controller: AbortController | undefined
  #cancelledBy: Error | undefined

  constructor(name: string, remainingMs: number | undefined) {
    this.name = name
    this.remainingMs = remainingMs
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#cancelledBy !== undefined) this.#controller.abort(this.#cancelledBy)
    }
    return this.#controller.signal
  }

  cancel(reason: Error): void {
    if (this.#cancelledBy !== undefined) return
    this.#cancelledBy = reason
    this.#controller?.abort(reason)
  }
}

/** The handler of a name, but not what every object has. */
export function findHandler(
  handlers: Readonly<Record<string, RequestHandler | undefined>> | undefined,
  name: string,
): RequestHandler | undefined {
  if (handlers === undefined || name in Object.prototype) return undefined
  return handlers[name]?.bind(handlers)
}
