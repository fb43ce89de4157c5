import type { Worker } from 'node:worker_threads'
import { type HandshakeLimiter, handshakeLimiter } from '../concurrency/handshake-limiter.ts'
import { checkObject } from '../errors/option-checks.ts'
import { ThreadSemaphore } from './thread-semaphore.ts'

const NAME = 'handshakes of all threads'

/** What another thread needs to count its handshakes together with this one's: for `workerData` or `postMessage`. */
export interface HandshakeHandle {
  readonly buffer: SharedArrayBuffer
  /** The limits of the thread that shares. */
  readonly concurrent: number
  readonly perHost: number
}

export interface ShareHandshakesOptions {
  /** How many threads may take part, this one included. Default 64. */
  readonly maxThreads?: number
}

/** Handshakes that threads share, as the thread sees them that shares. */
export interface SharedHandshakes {
  readonly handle: HandshakeHandle
  /** The limiter whose handshakes they are. */
  readonly limiter: HandshakeLimiter
  /** Gives back what `worker` held when it exits. Disposing what is returned calls that off. */
  readonly reclaimAtExit: (worker: Worker) => Disposable
}

/**
 * Has the handshakes of this thread counted together with those of the threads that are given the handle: no more than
 * `concurrent` go on at a time in all of them. A thread that does not share pays nothing for it.
 *
 * How many go on with one host remains bounded by each thread for itself, as the names of hosts have no bound and the
 * memory of threads has: with t threads a host meets t × `perHost` at most, and `concurrent` at most.
 *
 * To share again gives the same. First come first served holds on each thread; between threads there is no order.
 *
 * @param limiter default: the one of this thread, `handshakeLimiter()`
 * @throws ServiceStateError, OptionError
 * @example
 * const { handle, reclaimAtExit } = shareHandshakes(handshakeLimiter({ concurrent: 8 }))
 * const worker = new Worker(entry, { workerData: { handshakes: handle } })
 * reclaimAtExit(worker)
 * // in the worker: joinHandshakes(workerData.handshakes), before the first handshake
 */
export function shareHandshakes(
  limiter: HandshakeLimiter = handshakeLimiter(),
  options: ShareHandshakesOptions = {},
): SharedHandshakes {
  const { concurrent, perHost } = checkObject(limiter, 'limiter')
  const total = limiter.total ?? totalOf(limiter, new ThreadSemaphore(concurrent, { name: NAME, ...options }))
  return {
    handle: { buffer: total.buffer, concurrent, perHost },
    limiter,
    reclaimAtExit: (worker) => total.reclaimAtExit(worker),
  }
}

/**
 * Has the handshakes of this thread counted together with those of the thread that made the handle. To join again with
 * the same handle is harmless.
 *
 * @param limiter default: the one of this thread, with the limits of the handle
 * @throws OptionError when it is no handle, or other limits hold on this thread
 * @throws ServiceStateError when the handshakes of this thread are shared with others already, or so many go on that
 *   there is no room for them
 * @throws QueueOverflowError when as many threads take part as may
 */
export function joinHandshakes(handle: HandshakeHandle, limiter?: HandshakeLimiter): HandshakeLimiter {
  const { buffer, concurrent, perHost } = checkObject(handle, 'handle')
  const joining = limiter ?? handshakeLimiter({ concurrent, perHost })
  if (joining.total?.buffer !== buffer) totalOf(joining, new ThreadSemaphore(buffer, { name: NAME }))
  return joining
}

function totalOf(limiter: HandshakeLimiter, total: ThreadSemaphore): ThreadSemaphore {
  limiter.shareBy(total)
  return total
}
