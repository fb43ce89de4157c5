import type { Clock } from '@x/loop-utils/clock'

/** Keeps when a CCU was last heard of, and lets wait for the next time. Noting a sign costs nearly nothing. */
export class SignsOfLife {
  readonly #clock: Clock
  readonly #waiters = new Set<() => void>()
  #lastAt: number
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastAt = clock.now()
  }

  /** How many there were. */
  get count(): number {
    return this.#count
  }

  /** For how long there has been none, in milliseconds. */
  get silentMs(): number {
    return this.#clock.now() - this.#lastAt
  }

  note(): void {
    this.#count++
    this.#lastAt = this.#clock.now()
    if (this.#waiters.size === 0) return
    for (const wake of this.#waiters) wake()
  }

  /**
   * Resolves with true as soon as there are more signs than `count`, with false when none has come in `ms`.
   *
   * @throws the reason of `signal`
   */
  moreThan(count: number, ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      if (this.#count > count) {
        resolve(true)
        return
      }
      const end = (settle: () => void): void => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', onAbort)
        this.#waiters.delete(onSign)
        settle()
      }
      const onSign = (): void => end(() => resolve(true))
      const onAbort = (): void => end(() => reject(signal.reason as Error))
      const timer = this.#clock.setTimer(() => end(() => resolve(false)), ms)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(onSign)
    })
  }
}
