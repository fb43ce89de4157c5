import type { Clock, Timer } from '@x/loop-utils/clock'

/** What a gate is set to. */
export interface GateOptions {
  /** Weight that may be on its way to the facade before the gate closes for all. */
  readonly maxInTransit: number
  /** After how long whoever waits is let through all the same; null for never. */
  readonly overflowAfterMs: number | null
  /** Told of each that is held back. */
  readonly onDelay?: () => void
}

/** What becomes of who waits: one of the two is called, once. */
export interface Passage {
  /** The gate lets him through; called from within what opens it. */
  readonly go: () => void
  /** Nobody waits for him any more. */
  readonly gone: (reason: unknown) => void
}

/** Somebody who waits at the gate. */
interface Waiter {
  readonly interfaceId: string
  readonly go: () => void
  readonly leave: () => void
}

/**
 * Lets acknowledgements through, or holds them back: those of an interface whose queue is full, and all of them while
 * too much is on its way to the facade. Who waits for the same interface passes in the order of arrival.
 */
export class AcknowledgementGate {
  readonly #options: GateOptions
  readonly #clock: Clock
  readonly #held = new Set<string>()
  readonly #waiters = new Map<string, Set<Waiter>>()
  #holdsAll = false
  #sent = 0
  #taken = 0
  #delayed = 0

  constructor(options: GateOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** How many were held back so far. */
  get delayed(): number {
    return this.#delayed
  }

  /** Whether nobody is held back. */
  get isOpen(): boolean {
    return this.#waiters.size === 0 && this.#held.size === 0 && !this.#isClosed
  }

  /** Notes what goes to the facade. */
  sent(weight: number): void {
    this.#sent += weight
  }

  /** Notes how much the facade has taken in all. */
  taken(weight: number): void {
    this.#taken = weight
    this.#letGo()
  }

  /** Holds back an interface, or all for null; or lets them go on. */
  hold(interfaceId: string | null, isHeld: boolean): void {
    if (interfaceId === null) this.#holdsAll = isHeld
    else if (isHeld) this.#held.add(interfaceId)
    else this.#held.delete(interfaceId)
    if (!isHeld) this.#letGo()
  }

  /** Whether an interface may pass without waiting. */
  mayPass(interfaceId: string): boolean {
    return this.#isFree(interfaceId) && !this.#waiters.has(interfaceId)
  }

  /** Waits until the interface may pass, or until `signal` is aborted. */
  wait(interfaceId: string, signal: AbortSignal, { go, gone }: Passage): void {
    if (signal.aborted) {
      gone(signal.reason)
      return
    }
    this.#delayed++
    const { overflowAfterMs, onDelay } = this.#options
    onDelay?.()
    let timer: Timer | undefined
    const leave = (): void => {
      timer?.[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      this.#remove(waiter)
    }
    const onAbort = (): void => {
      leave()
      gone(signal.reason)
    }
    const waiter: Waiter = { interfaceId, go, leave }
    signal.addEventListener('abort', onAbort)
    if (overflowAfterMs !== null) timer = this.#clock.setTimer(() => pass(waiter), overflowAfterMs)
    const queue = this.#waiters.get(interfaceId)
    if (queue === undefined) this.#waiters.set(interfaceId, new Set([waiter]))
    else queue.add(waiter)
  }

  get #isClosed(): boolean {
    return this.#holdsAll || this.#sent - this.#taken > this.#options.maxInTransit
  }

  #isFree(interfaceId: string): boolean {
    return !this.#isClosed && !this.#held.has(interfaceId)
  }

  #letGo(): void {
    for (const [interfaceId, queue] of this.#waiters) {
      for (const waiter of queue) {
        if (!this.#isFree(interfaceId)) break
        pass(waiter)
      }
    }
  }

  #remove(waiter: Waiter): void {
    const queue = this.#waiters.get(waiter.interfaceId)
    queue?.delete(waiter)
    if (queue?.size === 0) this.#waiters.delete(waiter.interfaceId)
  }
}

function pass(waiter: Waiter): void {
  waiter.leave()
  waiter.go()
}
