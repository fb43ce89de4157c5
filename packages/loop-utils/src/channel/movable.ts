import * as workerThreads from 'node:worker_threads'

/** Node 20 has no such function, and copies what is marked; later versions throw. */
const { isMarkedAsUntransferable } = workerThreads as unknown as {
  readonly isMarkedAsUntransferable?: (buffer: ArrayBuffer) => boolean
}

/**
 * Those buffers of a list that can be moved, each once. The rest is copied, as is an empty one (one that was moved before
 * is), and the one that small Buffers share.
 */
export function movable(transfer: readonly ArrayBuffer[]): readonly ArrayBuffer[] {
  if (transfer.length === 1 && isMovable(transfer[0])) return transfer
  return [...new Set(transfer)].filter(isMovable)
}

function isMovable(buffer: unknown): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength > 0 && isMarkedAsUntransferable?.(buffer) !== true
}
