import type { MessagePort } from 'node:worker_threads'
import { HEADER_CELLS } from './batch.ts'

/** The first and the longest time, in milliseconds, between two looks of a blocked thread at the other one. */
const FIRST_CHECK_MS = 50
const LONGEST_CHECK_MS = 800

/**
 * Watches the other end of a port for a thread that blocks, and therefore gets no `close` event. What it posts is an
 * empty batch, which means nothing to either end.
 */
export class PortLiveness {
  readonly #port: MessagePort
  /** How long to block before the next {@link isPeerGone}. */
  intervalMs: number = FIRST_CHECK_MS

  constructor(port: MessagePort) {
    this.#port = port
  }

  isPeerGone(): boolean {
    this.intervalMs = Math.min(this.intervalMs * 2, LONGEST_CHECK_MS)
    const probe: unknown[] = Array.from({ length: HEADER_CELLS }, (_, i) => (i === 0 ? 0 : null))
    // Node answers whether there was a port to post to. Its types do not tell, so only a clear no counts.
    const answer: unknown = (this.#port.postMessage as (message: unknown) => unknown).call(this.#port, probe)
    return answer === false
  }
}
