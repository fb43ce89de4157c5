/**
 * A place that is held until it is released, by `release()` or by `using`. To release it twice is harmless.
 *
 * @example
 * using permit = await semaphore.acquire({ signal })
 */
export class HeldPermit implements Disposable {
  #giveBack: (() => void) | undefined

  /** `giveBack` is called once, at the release. */
  constructor(giveBack: () => void) {
    this.#giveBack = giveBack
  }

  get isReleased(): boolean {
    return this.#giveBack === undefined
  }

  release(): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
