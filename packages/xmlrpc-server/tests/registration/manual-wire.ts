import type { CcuWire, PingOutcome } from '../../src/registration/ccu-wire.ts'

/** A CCU that answers as a test tells it, and writes down what it was asked. */
export class ManualWire implements CcuWire {
  readonly calls: string[] = []
  /** What `init` does; by default it is answered. */
  onInit: () => void | Promise<void> = () => {}
  onDeregister: () => void | Promise<void> = () => {}
  /** What becomes of a ping; by default nobody answers it with a PONG. */
  onPing: (token: string) => PingOutcome | Promise<PingOutcome> = () => ({ kind: 'taken' })

  count(name: string): number {
    return this.calls.filter((call) => call === name).length
  }

  init(signal: AbortSignal): Promise<void> {
    return this.#answer('init', this.onInit, signal)
  }

  deregister(signal: AbortSignal): Promise<void> {
    return this.#answer('deregister', this.onDeregister, signal)
  }

  async ping(token: string): Promise<PingOutcome> {
    this.calls.push('ping')
    return this.onPing(token)
  }

  #answer(name: string, act: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    this.calls.push(name)
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      Promise.resolve().then(act).then(resolve, reject)
    })
  }
}
