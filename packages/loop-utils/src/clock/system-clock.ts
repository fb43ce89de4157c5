import type { Clock, Timer } from './clock.ts'
import { sleepOn } from './sleep.ts'
import { timerDelay } from './timer-delay.ts'

// reading it off the global object with every call would cost a quarter of the call itself
const { process } = globalThis

/** The longest delay that Node's timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/**
 * The clock of this machine. `now()` is the system's monotonic clock from its own origin, which all threads share and
 * which setting the wall clock does not move. Timers never fire early.
 */
export const systemClock: Clock = Object.freeze({
  now,
  wall: (): number => Date.now(),
  sleep: (ms: number, signal?: AbortSignal): Promise<void> => sleepOn(systemClock, ms, signal),
  setTimer: (callback: () => void, ms: number, options?: { readonly ref?: boolean }): Timer =>
    new SystemTimer(callback, ms, options?.ref ?? true),
})

function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

class SystemTimer implements Timer {
  readonly #callback: () => void
  readonly #dueAt: number
  #isReferenced: boolean
  #timeout: NodeJS.Timeout | undefined

  constructor(callback: () => void, ms: number, isReferenced: boolean) {
    const delayMs = timerDelay(ms)
    this.#callback = callback
    this.#dueAt = now() + delayMs
    this.#isReferenced = isReferenced
    this.#arm(delayMs)
  }

  ref(): void {
    this.#isReferenced = true
    this.#timeout?.ref()
  }

  unref(): void {
    this.#isReferenced = false
    this.#timeout?.unref()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
  }

  #arm(delayMs: number): void {
    const fire = (): void => {
      const remainingMs = this.#dueAt - now()
      this.#timeout = undefined
      if (remainingMs > 0) this.#arm(remainingMs)
      else this.#callback()
    }
    this.#timeout = setTimeout(fire, Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS))
    if (!this.#isReferenced) this.#timeout.unref()
  }
}
