import type { Clock } from '@x/loop-utils/clock'

/** Lets one loop wait until it is rung or a time has passed. A ring while nobody waits is kept. */
export class Doorbell {
  readonly #clock: Clock
  #isRung = false
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#isRung = true
    this.#wake?.()
  }

  async wait(ms?: number): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : this.#clock.setTimer(resolve, ms)
        this.#wake = () => {
          timer?.[Symbol.dispose]()
          resolve()
        }
      })
    }
    this.#wake = undefined
    this.#isRung = false
  }
}
