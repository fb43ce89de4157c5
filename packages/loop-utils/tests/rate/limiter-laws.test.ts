import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { gcra, slidingWindow, tokenBucket, type RateLimiter, type Reservation } from '../../src/rate/index.ts'
import { agree, runInterleavings, turnMicrotasks, type Chance } from '../concurrency/interleavings.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { BucketModel, GcraModel, WindowModel, type ReferenceModel } from './reference-models.ts'

interface Pair {
  readonly limiter: RateLimiter
  readonly model: ReferenceModel
}

/** Of each kind with whole times between tokens, so that model and limiter agree to the millisecond. */
function pairOf(chance: Chance, clock: ManualClock): Pair {
  const startMs = clock.now()
  switch (chance.below(3)) {
    case 0: {
      const refill = 1 + chance.below(4)
      const capacity = 1 + chance.below(5)
      const facts = {
        capacity,
        refill,
        intervalMs: refill * (1 + chance.below(9)),
        initial: chance.below(capacity + 1),
      }
      return { limiter: tokenBucket({ ...facts, clock }), model: new BucketModel({ ...facts, startMs }) }
    }
    case 1: {
      const limit = 1 + chance.below(4)
      const facts = { limit, periodMs: limit * (1 + chance.below(9)), burst: chance.below(4) }
      return { limiter: gcra({ ...facts, clock }), model: new GcraModel(facts) }
    }
    default: {
      const facts = { limit: 1 + chance.below(5), windowMs: 1 + chance.below(25) }
      return { limiter: slidingWindow({ ...facts, clock }), model: new WindowModel(facts) }
    }
  }
}

/** A limiter and its model, led side by side through one schedule, millisecond by millisecond. */
class Run {
  readonly #chance: Chance
  readonly #clock = new ManualClock({ startMs: 1000 })
  readonly #pair: Pair
  readonly #log: string[] = []
  readonly #expected: string[] = []
  readonly #controllers: AbortController[] = []
  readonly #reservations: { readonly reservation: Reservation; readonly n: number; readonly at: number }[] = []
  /** Who waits, in order. */
  #waiting: { readonly id: number; readonly n: number }[] = []

  constructor(chance: Chance) {
    this.#chance = chance
    this.#pair = pairOf(chance, this.#clock)
  }

  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const dice = this.#chance.below(100)
      if (dice < 25) this.#tryAcquire()
      else if (dice < 50) this.#acquire()
      else if (dice < 62) this.#reserve()
      else if (dice < 68) this.#cancel()
      else if (dice < 78) await this.#abort()
      else await this.#pass(1 + this.#chance.below(12))
      agree('waiting', this.#pair.limiter.waiting, this.#waiting.length)
    }
    await this.#finish()
  }

  #some(): number {
    return 1 + this.#chance.below(this.#pair.model.limit)
  }

  /** Behind a turn that is reserved, nobody is served before it. */
  #admits(n: number, at: number): boolean {
    const isBehind = this.#reservations.every((reserved) => reserved.at <= at)
    return isBehind && this.#pair.model.admits(n, at)
  }

  #earliest(n: number): number {
    let at = this.#clock.now()
    while (!this.#admits(n, at)) at++
    return at
  }

  #tryAcquire(): void {
    const n = this.#some()
    const now = this.#clock.now()
    const isAdmitted = this.#waiting.length === 0 && this.#admits(n, now)
    if (this.#waiting.length === 0) agree('retryAfterMs', this.#pair.limiter.retryAfterMs(n), this.#earliest(n) - now)
    agree('tryAcquire', this.#pair.limiter.tryAcquire(n), isAdmitted)
    if (isAdmitted) this.#pair.model.take(n, now)
  }

  #acquire(): void {
    const id = this.#controllers.length
    const n = this.#some()
    const controller = new AbortController()
    this.#controllers.push(controller)
    this.#waiting.push({ id, n })
    this.#pair.limiter.acquire(n, { signal: controller.signal }).then(
      () => this.#log.push(`${id} at ${this.#clock.now()}`),
      () => this.#log.push(`${id} aborted`),
    )
    this.#serve()
  }

  /** The model serves whoever is first as soon as the limit admits it. */
  #serve(now = this.#clock.now()): void {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined || !this.#admits(first.n, now)) return
      this.#waiting = this.#waiting.slice(1)
      this.#pair.model.take(first.n, now)
      this.#expected.push(`${first.id} at ${now}`)
    }
  }

  #reserve(): void {
    const n = this.#some()
    const now = this.#clock.now()
    const maxDelayMs = this.#chance.percent(30) ? this.#chance.below(20) : Infinity
    const at = this.#earliest(n)
    const reservation = this.#pair.limiter.reserve(n, { maxDelayMs })
    const isAdmitted = this.#waiting.length === 0 && at - now <= maxDelayMs
    agree('reserved', reservation?.delayMs, isAdmitted ? at - now : undefined)
    if (reservation === undefined) return
    this.#pair.model.take(n, at)
    this.#reservations.push({ reservation, n, at })
  }

  #cancel(): void {
    const index = this.#chance.below(this.#reservations.length)
    const reserved = this.#reservations[index]
    if (reserved === undefined) return
    const isEarly = reserved.at > this.#clock.now()
    agree('cancelled', reserved.reservation.cancel(), isEarly)
    agree('cancelled twice', reserved.reservation.cancel(), false)
    if (!isEarly) return
    this.#pair.model.giveBack(reserved.n, reserved.at)
    this.#reservations.splice(index, 1)
    this.#serve()
  }

  async #abort(): Promise<void> {
    const id = this.#chance.below(this.#controllers.length)
    const controller = this.#controllers[id]
    if (controller === undefined || controller.signal.aborted) return
    await turnMicrotasks()
    controller.abort()
    if (this.#waiting.some((waiter) => waiter.id === id)) this.#expected.push(`${id} aborted`)
    this.#waiting = this.#waiting.filter((waiter) => waiter.id !== id)
    this.#serve()
    await turnMicrotasks()
    agree('log', this.#log, this.#expected)
  }

  async #pass(ms: number): Promise<void> {
    const before = this.#clock.now()
    await this.#clock.advance(ms)
    for (let at = before + 1; at <= before + ms; at++) this.#serve(at)
    await turnMicrotasks()
    agree('log', this.#log, this.#expected)
  }

  /** Everybody is served in the end; neither timer nor listener is left. */
  async #finish(): Promise<void> {
    await turnMicrotasks()
    while (this.#waiting.length > 0) await this.#pass(5)
    agree('log', this.#log, this.#expected)
    agree('settled', this.#log.length, this.#controllers.length)
    agree('timers', this.#clock.pending, 0)
    for (const { signal } of this.#controllers) agree('listeners', getEventListeners(signal, 'abort').length, 0)
  }
}

const COUNT = lawCount({ inSuite: 2000, inSoak: 100_000 })

it(
  `is its reference model to the millisecond in ${COUNT} random interleavings`,
  async () => {
    expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(5 + chance.below(12)))).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
