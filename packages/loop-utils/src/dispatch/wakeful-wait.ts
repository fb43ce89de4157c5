import { performance } from 'node:perf_hooks'

/** For how long, in milliseconds, a loop that expects an answer is kept from sleeping. */
const WAKEFUL_MS = 0.06

/** How far the experience reaches: after so many disappointments in excess it stops trying. */
const MEMORY = 8

/** Having stopped, it tries again once in this many times. */
const RETRY_EVERY = 64

/**
 * Keeps a loop from falling asleep for the first few microseconds in which an answer is due. Waking a sleeping thread
 * takes longer than most answers do. I/O and timers run meanwhile, since the loop turns; and where answers mostly take
 * longer, it learns not to try.
 */
export class WakefulWait {
  #until = 0
  #immediate: NodeJS.Immediate | undefined
  /** How much more often it paid than not, within the memory. */
  #score = 0
  #skipped = 0
  readonly #turn = (): void => {
    this.#immediate = undefined
    if (performance.now() < this.#until) this.#arm()
    else this.#learn(-1)
  }

  /** An answer is expected from now on. */
  begin(): void {
    if (this.#score <= -MEMORY && ++this.#skipped % RETRY_EVERY !== 0) return
    this.#until = performance.now() + WAKEFUL_MS
    this.#arm()
  }

  /** The answer came, and no other is expected. */
  end(): void {
    if (this.#immediate === undefined) return
    clearImmediate(this.#immediate)
    this.#immediate = undefined
    this.#learn(1)
  }

  #arm(): void {
    this.#immediate ??= setImmediate(this.#turn)
  }

  #learn(by: 1 | -1): void {
    this.#score = Math.min(MEMORY, Math.max(-MEMORY, this.#score + by))
  }
}
