import type { PosterHandle } from '../dispatch/poster-handle.ts'
import type { PlainThrown } from '../errors/plain-error.ts'

/** From the manager: what the worker's loop is to be set up with. */
export interface StartLoopMessage {
  readonly type: 'x:start-loop'
  readonly name: string
  readonly data: unknown
  readonly owner: PosterHandle | undefined
}

/** From the manager: the worker's loop is to end. */
export interface CloseLoopMessage {
  readonly type: 'x:close-loop'
  readonly deadlineMs: number
}

/** From the worker: its loop takes calls, or could not be set up. */
export type LoopReadyMessage =
  | { readonly type: 'x:loop-ready'; readonly handle: PosterHandle }
  | { readonly type: 'x:loop-failed'; readonly error: PlainThrown }

/** From the worker, while it closes: what could not be released. */
export interface LoopTroubleMessage {
  readonly type: 'x:loop-trouble'
  readonly error: PlainThrown
}

/** The message, if it is one of the given types. */
export function asLoopMessage<M extends { readonly type: string }>(
  message: unknown,
  ...types: readonly M['type'][]
): M | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined
  return types.some((type) => type === message.type) ? (message as unknown as M) : undefined
}
