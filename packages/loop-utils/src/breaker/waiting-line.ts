import type { Timer } from '../clock/clock.ts'
import { Waiter, WaiterQueue, type AbortSource } from '../concurrency/waiter-queue.ts'
import type { BreakerSettings } from './breaker-options.ts'
import type { CircuitMachine } from './circuit-machine.ts'
import type { IssuedPermit } from './permit.ts'
import { ProbeSlots } from './probe-slots.ts'

/**
 * Calls that wait for a half-open circuit, strictly first come first served. After the circuit has closed they are
 * admitted by and by: as many as there are probes, and one more for each that succeeds. Its only timer runs while a call
 * waits, for the time at which a hung call before it loses its place.
 */
export class WaitingLine {
  readonly #settings: BreakerSettings
  readonly #machine: CircuitMachine
  readonly #refuse: () => Error
  readonly #queue = new WaiterQueue<Waiter<IssuedPermit>>()
  /** The places of those that a closed circuit has let go. */
  #places: ProbeSlots | undefined
  #timer: Timer | undefined
  #timerAtMs: number | undefined
  #isServing = false

  /** @param refuse counts a refusal and makes what the call is refused with */
  constructor(settings: BreakerSettings, machine: CircuitMachine, refuse: () => Error) {
    this.#settings = settings
    this.#machine = machine
    this.#refuse = refuse
  }

  get size(): number {
    return this.#queue.size
  }

  /** Waits for a permit. Rejects at the abort with its reason, and when the circuit opens or is isolated. */
  join(abort: AbortSource | undefined): Promise<IssuedPermit> {
    const turn = Waiter.in(this.#queue, undefined, { abort, onGiveUp: () => this.#settle() })
    this.#settle()
    return turn
  }

  /** Admits those whom the state lets through now, or refuses all. */
  serve(): void {
    if (this.#isServing || this.#queue.size === 0) return
    this.#isServing = true
    try {
      while (this.#serveFirst());
    } finally {
      this.#isServing = false
    }
    this.#settle()
  }

  #serveFirst(): boolean {
    const { first } = this.#queue
    if (first === undefined) return false
    const { state } = this.#machine
    if (state === 'open' || state === 'isolated') {
      first.reject(this.#refuse())
      return true
    }
    const permit = state === 'closed' ? this.#admitToClosed() : this.#machine.admit()
    if (permit === null) return false
    // a listener that was told of the probe may have made the first one leave
    const next = this.#queue.first
    if (next === undefined) permit.ignore()
    else next.resolve(permit)
    return true
  }

  #admitToClosed(): IssuedPermit | null {
    const { clock, halfOpen } = this.#settings
    this.#places ??= new ProbeSlots(halfOpen.probes, halfOpen.maxWaitMs)
    if (!this.#places.isFree(clock.now())) return null
    const permit = this.#machine.admit()
    if (permit !== null) this.#places.take(permit)
    return permit
  }

  /** Keeps the timer, and whether others may pass, in step with who waits. */
  #settle(): void {
    const isEmpty = this.#queue.size === 0
    this.#machine.isQueued = !isEmpty
    if (isEmpty) this.#places = undefined
    const expiresAtMs = isEmpty ? undefined : (this.#places ?? this.#machine.gate).nextExpiryMs
    if (expiresAtMs === this.#timerAtMs) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#timerAtMs = expiresAtMs
    if (expiresAtMs !== undefined) this.#arm(expiresAtMs)
  }

  #arm(expiresAtMs: number): void {
    const { clock } = this.#settings
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined
      this.#timerAtMs = undefined
      this.serve()
    }, expiresAtMs - clock.now())
  }
}
