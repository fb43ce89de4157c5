import type { MessagePort } from 'node:worker_threads'
import type { LaneReaderHandle, LaneWriterHandle } from '../lane/index.ts'
import type { ResolvedConnectOptions } from './dispatcher-options.ts'
import type { Handlers } from './handlers.ts'

/**
 * What `connect` gives for another thread: send it there with its `ports` in the transfer list, and call `attachPoster`.
 *
 * @example
 * ```ts
 * const handle = dispatcher.connect()
 * new Worker(url, { workerData: { handle }, transferList: [...handle.ports] })
 * ```
 */
export interface PosterHandle<H extends Handlers = Handlers> {
  /** To be transferred with the handle. */
  readonly ports: readonly MessagePort[]
  /** @internal */
  readonly up: LaneWriterHandle
  /** @internal */
  readonly down: LaneReaderHandle
  /** @internal */
  readonly state: SharedArrayBuffer
  /** @internal */
  readonly options: ResolvedConnectOptions
  /** The thread that owns the dispatcher. */
  readonly ownerThreadId: number
  /** The name of the dispatcher. */
  readonly dispatcher: string | undefined
  /** Never set: it carries the type of the handlers. */
  readonly handlers?: H
}

/** What a poster lets the port hold at most: `drop-oldest` and `coalesce` can only take back what has not been sent. */
export function windowOf({ overflow, credit }: ResolvedConnectOptions): number {
  const canTakeBack = overflow === 'drop-oldest' || overflow === 'coalesce'
  return canTakeBack ? Math.min(256, credit >> 1) : credit
}
