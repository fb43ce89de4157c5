import { isMainThread, threadId, type Worker } from 'node:worker_threads'
import { type Clock, systemClock } from '../clock/index.ts'
import { type ErrorClass, ErrorRevival, OptionError, checkClock, checkFunction, checkObject } from '../errors/index.ts'
import type { CallOptions } from './calls.ts'
import { DISPATCH_ERROR_CLASSES } from './dispatch-errors.ts'
import type { HandlerName, Handlers } from './handlers.ts'
import { PosterEnd } from './poster-end.ts'
import type { PosterHandle } from './poster-handle.ts'
import { SharedState } from './shared-state.ts'

/** What {@link Poster.call} takes besides the arguments. */
export interface PosterCallOptions extends CallOptions {
  /** Buffers to move instead of copying. */
  readonly transfer?: readonly ArrayBuffer[]
}

/**
 * Another thread's hold on a dispatcher. Arguments are given away: what is changed in them before the end of the turn
 * may or may not arrive so.
 */
export interface Poster<H extends Handlers = Handlers> extends AsyncDisposable {
  /**
   * Runs a handler in its turn. Returns false when the event was dropped, and after close.
   *
   * @throws QueueOverflowError without credit, with the policy `error`
   */
  emit<K extends HandlerName<H>>(handler: K, ...args: Parameters<H[K]>): boolean

  /**
   * As {@link emit}, but waits for credit, whatever the overflow policy: resolves once the event is on its way, and is
   * never dropped. Rejects with a QueueOverflowError when twice the credit waits already, and with a DispatcherClosedError.
   */
  post<K extends HandlerName<H>>(handler: K, ...args: Parameters<H[K]>): Promise<void>

  /**
   * Runs a handler in its turn and gives its outcome. Rejects with what it threw, revived by its code; with a
   * RemoteError if that is not known here; with `signal.reason`, TimeoutError, QueueOverflowError,
   * DispatcherClosedError, WorkerCrashedError when the dispatcher's thread dies, or NotPlainError.
   */
  call<K extends HandlerName<H>>(
    handler: K,
    args: Parameters<H[K]>,
    options?: PosterCallOptions,
  ): Promise<Awaited<ReturnType<H[K]>>>

  /**
   * As {@link call}, blocking this thread. Answers to other calls that arrive meanwhile settle them.
   *
   * @throws WrongThreadError on the main thread and on the dispatcher's own; and what `call` rejects with
   */
  callSync<K extends HandlerName<H>>(
    handler: K,
    args: Parameters<H[K]>,
    options?: Omit<PosterCallOptions, 'signal'>,
  ): Awaited<ReturnType<H[K]>>

  /**
   * Puts everything emitted so far into the port, synchronously: it will be delivered even if this thread dies now. What
   * happened without it happens by itself at the end of the microtask queue.
   */
  flush(): void

  /** Accepted here and not yet delivered there. */
  readonly depth: number

  readonly isOpen: boolean

  /** Whether this thread owns the dispatcher. */
  readonly isOwnerThread: boolean

  /** @throws WrongThreadError on any other thread than the dispatcher's */
  assertOwner(): void

  /**
   * Takes nothing more; resolves once everything accepted has been delivered and every call answered, or the dispatcher
   * is gone. Idempotent.
   */
  close(): Promise<void>
}

export interface AttachOptions {
  /** Error classes by code, so that errors of calls arrive as what they were. Those of this package are known. */
  readonly errors?: Readonly<Record<string, ErrorClass>>
  /** For the overflow policy `coalesce`: what makes two events the same. Default: the handler's name. */
  readonly coalesceBy?: (handler: string, args: readonly unknown[]) => string
  /** The worker that owns the dispatcher, if it is one of this thread's: its exit code goes into WorkerCrashedError. */
  readonly worker?: Worker
  /** Runs timeouts. Default: the system's. */
  readonly clock?: Clock
}

/**
 * Takes up a handle on the thread that it was sent to.
 *
 * @throws OptionError when it is no handle, or a poster has it already
 */
export function attachPoster<H extends Handlers = Handlers>(
  handle: PosterHandle<H>,
  options: AttachOptions = {},
): Poster<H> {
  const { errors = {}, coalesceBy, worker, clock = systemClock } = checkObject(options)
  checkClock(clock)
  if (coalesceBy !== undefined) checkFunction('coalesceBy', coalesceBy)
  const revival = new ErrorRevival(DISPATCH_ERROR_CLASSES, errors)
  if (!((handle as PosterHandle | undefined)?.state instanceof SharedArrayBuffer)) {
    throw new OptionError('handle', handle, 'what connect() of a dispatcher gave')
  }
  if (!new SharedState(handle.state).attach()) {
    throw new OptionError('handle', handle, 'a handle that no poster has taken up; connect() once for each')
  }
  const mayBlock = !isMainThread && threadId !== handle.ownerThreadId
  return new PosterEnd(handle, { revival, coalesceBy, worker, clock, mayBlock }) as unknown as Poster<H>
}
