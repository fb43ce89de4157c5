/** Longer intervals overflow Node's timers. */
const LONG_MS = 2 ** 31 - 1

/**
 * Keeps the process alive while somebody holds it, the way a listening socket does. A host holds it for each engine that
 * is placed, so that a service keeps its process in loop mode as it does in thread mode.
 */
export class KeepAlive {
  #holders = 0
  #timer: NodeJS.Timeout | undefined

  hold(): void {
    this.#holders++
    this.#timer ??= setInterval(() => undefined, LONG_MS)
  }

  release(): void {
    this.#holders--
    if (this.#holders > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
