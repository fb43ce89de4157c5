/** An abort controller that counts how many listeners were added to and removed from its signal. */
export class CountedSignal {
  readonly controller: AbortController = new AbortController()
  added = 0
  removed = 0

  constructor() {
    const { signal } = this.controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    Object.assign(signal, {
      addEventListener: (...given: Parameters<typeof add>): void => {
        this.added++
        add(...given)
      },
      removeEventListener: (...given: Parameters<typeof remove>): void => {
        this.removed++
        remove(...given)
      },
    })
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }
}
