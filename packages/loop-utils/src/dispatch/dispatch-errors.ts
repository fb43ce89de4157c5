import { type ErrorClass, XError } from '../errors/index.ts'

/** A poster named a handler that is not registered with the dispatcher. */
export class HandlerMissingError extends XError {
  override readonly name = 'HandlerMissingError'
  readonly code = 'LOOP_HANDLER_MISSING'
  readonly handler: string

  constructor(handler: string) {
    super(`no handler '${handler}' is registered; register it before the poster uses it`)
    this.handler = handler
  }
}

/** Something was done on a thread that must not do it. */
export class WrongThreadError extends XError {
  override readonly name = 'WrongThreadError'
  readonly code = 'LOOP_WRONG_THREAD'
  /** The thread that it was done on. */
  readonly threadId: number

  constructor(message: string, threadId: number) {
    super(message)
    this.threadId = threadId
  }
}

/** The classes behind the codes of this folder. */
export const DISPATCH_ERROR_CLASSES: Readonly<Record<string, ErrorClass>> = {
  LOOP_HANDLER_MISSING: HandlerMissingError,
  LOOP_WRONG_THREAD: WrongThreadError,
}
