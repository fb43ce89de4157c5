import { describe, expect, it } from 'vitest'
import { CircuitIsolatedError, CircuitOpenError } from '../../src/breaker/circuit-errors.ts'
import type { Permit } from '../../src/breaker/permit.ts'
import { type Clock, ManualClock, seeded, systemClock } from '../../src/clock/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import type { CallOutcome } from '../../src/shared/circuit-rules.ts'
import { ThreadBreaker, ThreadLatch } from '../../src/shared/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { CircuitModel } from './circuit-model.ts'
import { must } from './must.ts'

const OUTCOMES: readonly CallOutcome[] = ['success', 'failure', 'ignore']

/** A breaker with two ends, as two threads have, and the model beside it. */
class RandomWalk {
  readonly #random: () => number
  readonly #model: CircuitModel
  readonly #ends: readonly ThreadBreaker[]
  readonly #calls: { readonly permit: Permit; readonly life: number; isTold: boolean }[] = []
  #nowMs = 0

  constructor(random: () => number) {
    this.#random = random
    const pick = (n: number): number => this.#pick(n)
    const rules = {
      failures: 1 + pick(4),
      open: pick(30),
      probes: 1 + pick(3),
      successes: 1 + pick(3),
      maxWait: 1 + pick(30),
    }
    this.#model = new CircuitModel(rules)
    const clock: Clock = { ...systemClock, now: () => this.#nowMs }
    const first = new ThreadBreaker(
      { failures: rules.failures, halfOpenAfterMs: rules.open, halfOpen: { ...rules, maxWaitMs: rules.maxWait } },
      { clock },
    )
    this.#ends = [first, new ThreadBreaker(first.buffer, { clock })]
  }

  step(): void {
    const dice = this.#random()
    if (dice < 0.3) this.#nowMs += this.#random() * 10
    else if (dice < 0.6) this.#ask()
    else if (dice < 0.98) this.#tell()
    else this.#set(this.#random() < 0.5 ? 'closed' : 'isolated')
  }

  get isInStep(): boolean {
    const { state, enteredMs, rules } = this.#model
    const seen = state === 'open' && this.#nowMs >= enteredMs + rules.open ? 'half-open' : state
    return this.#end.state === seen
  }

  get #end(): ThreadBreaker {
    return this.#ends[this.#pick(2)] as ThreadBreaker
  }

  #ask(): void {
    const life = this.#model.ask(this.#nowMs)
    const permit = this.#end.tryAcquire()
    must((permit !== null) === (life !== undefined), "the admission differs from the model's")
    if (permit !== null && life !== undefined) this.#calls.push({ permit, life, isTold: false })
  }

  /** Tells the end of one of the last calls, or of any: some are late, some told already. */
  #tell(): void {
    const { length } = this.#calls
    const call = this.#calls[this.#random() < 0.8 ? length - 1 - this.#pick(3) : this.#pick(length)]
    if (call === undefined) return
    const outcome = OUTCOMES[this.#pick(3)] ?? 'ignore'
    call.permit[outcome]()
    if (!call.isTold) this.#model.tell(call.life, outcome, this.#nowMs)
    call.isTold = true
    must(call.permit.isSettled, 'a told permit is not settled')
  }

  #set(state: 'closed' | 'isolated'): void {
    this.#model.set(state, this.#nowMs)
    if (state === 'closed') this.#end.reset()
    else this.#end.isolate()
  }

  #pick(n: number): number {
    return Math.floor(this.#random() * n)
  }
}

describe('ThreadBreaker', () => {
  it('does what a plain model of its rules does, through late and double outcomes', () => {
    const random = seeded(7)
    let steps = 0
    for (let round = 0; round < 20; round++) {
      const walk = new RandomWalk(random)
      for (let step = 0; step < 5000; step++, steps++) {
        walk.step()
        must(walk.isInStep, `round ${round}, step ${step}: the state differs from the model's`)
      }
    }
    expect(steps).toBe(100_000)
  })

  it('opens after five failures in a row, of all threads together, for a minute, then lets one probe through', () => {
    const clock = new ManualClock({ startMs: 1000 })
    const one = new ThreadBreaker({}, { clock })
    const two = new ThreadBreaker(one.buffer, { clock })
    for (const end of [one, two, one, two]) end.tryAcquire()?.failure(new Error('down'))
    expect(one.state).toBe('closed')
    two.tryAcquire()?.failure()
    expect([one.state, two.state]).toEqual(['open', 'open'])
    expect(one.tryAcquire()).toBeNull()
    expect(one.retryAfterMs()).toBe(60_000)
  })

  it('becomes half-open by time alone, and closes after the probe', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 100 }, { clock })
    breaker.tryAcquire()?.failure()
    await clock.advance(50)
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['open', 50])
    await clock.advance(50)
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['half-open', 0])
    const probe = breaker.tryAcquire()
    expect(breaker.tryAcquire()).toBeNull()
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['half-open', 0])
    probe?.success()
    expect(breaker.state).toBe('closed')
    expect(clock.pending).toBe(0)
  })

  it('counts what it saw, late outcomes apart', () => {
    const breaker = new ThreadBreaker({ failures: 2 }, { clock: new ManualClock() })
    const late = breaker.tryAcquire()
    breaker.tryAcquire()?.success()
    breaker.tryAcquire()?.ignore()
    breaker.tryAcquire()?.failure()
    breaker.tryAcquire()?.failure()
    breaker.tryAcquire()
    late?.success()
    late?.success()
    expect(breaker.stats()).toEqual({
      admitted: 5,
      rejected: 1,
      successes: 1,
      failures: 2,
      ignored: 1,
      lateSettlements: 1,
    })
  })

  it('refuses with a typed error that tells when to come back, and why', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1 }, { clock, name: 'gateway' })
    const down = new Error('down')
    await expect(breaker.execute(() => Promise.reject(down))).rejects.toBe(down)
    const refused = await breaker.execute(() => 1).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CircuitOpenError)
    expect(refused).toMatchObject({ breaker: 'gateway', retryAfterMs: 60_000, cause: down })
    await clock.advance(60_000)
    const latch = new ThreadLatch(1)
    const probe = breaker.execute(() => latch.wait())
    await expect(breaker.execute(() => 1)).rejects.toThrow('half-open')
    latch.countDown()
    await expect(probe).resolves.toBe(true)
    await expect(breaker.execute(() => 1)).resolves.toBe(1)
  })

  it('is isolated until that is released, or until it is reset', async () => {
    const breaker = new ThreadBreaker()
    const isolation = breaker.isolate()
    breaker.isolate()
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['isolated', Infinity])
    await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(CircuitIsolatedError)
    isolation[Symbol.dispose]()
    expect(await breaker.execute(() => 1)).toBe(1)
    const later = breaker.isolate()
    isolation[Symbol.dispose]()
    expect(breaker.state).toBe('isolated')
    breaker.reset()
    expect(breaker.state).toBe('closed')
    breaker.isolate()
    later[Symbol.dispose]()
    expect(breaker.state).toBe('isolated')
  })

  it('ends a call at the deadline of its caller, and takes that for a failure', async () => {
    const breaker = new ThreadBreaker({ failures: 1 })
    const call = breaker.execute(() => new Promise(() => undefined), { deadline: Deadline.after(5) })
    await expect(call).rejects.toBeInstanceOf(TimeoutError)
    expect(breaker.state).toBe('open')
    await expect(breaker.execute(1 as unknown as () => void)).rejects.toBeInstanceOf(OptionError)
  })

  it('ignores what the caller aborted, and takes a timeout for a failure', async () => {
    const breaker = new ThreadBreaker({ failures: 1 })
    const counted = new CountedSignal()
    const reason = new Error('never mind')
    const aborted = breaker.execute(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
      { signal: counted.signal },
    )
    counted.controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await expect(breaker.execute(() => 1, { signal: counted.signal })).rejects.toBe(reason)
    expect(breaker.stats()).toMatchObject({ admitted: 1, ignored: 1 })
    expect(counted.removed).toBe(counted.added)
    const slow = compose(timeoutPolicy(1), breaker).execute(() => new Promise(() => undefined))
    await expect(slow).rejects.toBeInstanceOf(TimeoutError)
    expect(breaker.state).toBe('open')
  })

  it('refuses rules it cannot keep and buffers of others', () => {
    for (const rules of [
      { failures: 0 },
      { failures: 2 ** 20 },
      { halfOpenAfterMs: -1 },
      { halfOpen: { probes: 1001 } },
      { halfOpen: { successes: 0 } },
      { halfOpen: { successes: 1001 } },
      { halfOpen: { maxWaitMs: 0 } },
    ]) {
      expect(() => new ThreadBreaker(rules)).toThrow(OptionError)
    }
    expect(() => new ThreadBreaker(new ThreadLatch(1).buffer)).toThrow('the buffer of a ThreadBreaker')
    expect(() => new ThreadBreaker({}, { name: '' })).toThrow(OptionError)
  })
})
