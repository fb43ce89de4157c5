import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CircuitIsolatedError, CircuitOpenError } from '../../src/breaker/circuit-errors.ts'
import type { Permit } from '../../src/breaker/permit.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { askCircuit, CIRCUIT, setCircuit, tellCircuit } from '../../src/shared/circuit-protocol.ts'
import type { CallOutcome, CircuitSettings } from '../../src/shared/circuit-rules.ts'
import { type CircuitState, fromWord, toWord } from '../../src/shared/circuit-word.ts'
import { ThreadBreaker, ThreadLatch } from '../../src/shared/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { explore, type Script, type World } from './model-checker.ts'
import { must } from './must.ts'

const OUTCOMES: readonly CallOutcome[] = ['success', 'failure', 'ignore']

describe('the word of a circuit', () => {
  const since = fc.integer({ min: 0, max: 2 ** 41 - 1 })
  const states: fc.Arbitrary<CircuitState> = fc.oneof(
    fc.record({ status: fc.constant('closed' as const), since, failures: fc.integer({ min: 0, max: 2 ** 20 - 1 }) }),
    fc.record({ status: fc.constantFrom('open' as const, 'isolated' as const), since }),
    fc.record({
      status: fc.constant('half-open' as const),
      since,
      probing: fc.integer({ min: 0, max: 1023 }),
      succeeded: fc.integer({ min: 0, max: 1023 }),
    }),
  )

  it('holds every state, and no two states alike', () => {
    fc.assert(
      fc.property(states, (state) => {
        const word = toWord(state)
        expect(BigInt.asIntN(64, word)).toBe(word)
        expect(fromWord(word)).toEqual(state)
      }),
    )
  })

  it('is closed, without failures, when all is zero', () => {
    expect(fromWord(0n)).toEqual({ status: 'closed', since: 0, failures: 0 })
  })
})

describe('the protocol of ThreadBreaker', () => {
  const settings: CircuitSettings = { failures: 2, halfOpenAfterMs: 10, probes: 1, successes: 2, maxWaitMs: 10 }

  /** Asks once, and tells any outcome if it is admitted. */
  function* caller(world: World, name: string): Script {
    world.ghost[`life of ${name}`] = -1
    yield
    const nowMs = world.ghost['now'] ?? 0
    world.forget(`${name} at ${nowMs}`)
    const admission = yield* askCircuit(world.memory, nowMs, settings)
    if (!admission.isAdmitted) return
    const { life } = admission
    world.ghost[`life of ${name}`] = life
    const choice = { choices: OUTCOMES.length, chosen: 0 }
    yield choice
    const outcome = OUTCOMES[choice.chosen] ?? 'ignore'
    world.forget(`${name} tells ${outcome} of ${life} at ${world.ghost['now']}`)
    const call = { life, outcome, nowMs: world.ghost['now'] ?? 0 }
    yield* tellCircuit(world.memory, call, settings)
    world.ghost[`life of ${name}`] = -1
  }

  const clock = (ticks: number) =>
    function* ({ ghost }: World): Script {
      ghost['now'] = 0
      for (let tick = 0; tick < ticks; tick++) {
        yield
        ghost['now'] += 10
      }
    }

  /** The transitions that there may be, told independently of the rules. */
  function checkTransition(before: CircuitState, after: CircuitState, nowMs: number): void {
    must(after.since >= before.since, 'lives go backwards')
    const change = `${before.status} to ${after.status}`
    if (after.since === before.since) {
      must(before.status === after.status, `${change} within one life`)
      return
    }
    if (change === 'closed to open') must(before.status === 'closed' && before.failures === 1, 'opened too early')
    else if (change === 'open to half-open') must(nowMs >= before.since + 10, 'probed too early')
    else if (change === 'half-open to closed')
      must(before.status === 'half-open' && before.succeeded === 1, 'too early')
    else if (change === 'half-open to half-open') must(nowMs >= before.since + 10, 'gave up a probe too early')
    else must(change === 'half-open to open', change)
  }

  function circuitOf(longs: readonly bigint[]): CircuitState {
    return fromWord(longs[CIRCUIT] ?? 0n)
  }

  const closed: CircuitState = { status: 'closed', since: 0, failures: 1 }
  const open: CircuitState = { status: 'open', since: 0 }
  const halfOpen: CircuitState = { status: 'half-open', since: 0, probing: 0, succeeded: 1 }

  it.each([
    { start: closed, names: ['a', 'b'], ticks: 2 },
    { start: open, names: ['a', 'b'], ticks: 3 },
    { start: halfOpen, names: ['a', 'b'], ticks: 2 },
    { start: closed, names: ['a', 'b', 'c'], ticks: 0 },
    { start: halfOpen, names: ['a', 'b', 'c'], ticks: 0 },
  ])('keeps its transitions and never has too many probes: $names from $start.status, $ticks ticks', (model) => {
    const { start, names, ticks } = model
    const { states } = explore({
      cells: 2,
      longs: 2,
      init: (memory) => {
        memory.longs[CIRCUIT] = toWord(start)
      },
      threads: [...names.map((name) => (world: World) => caller(world, name)), clock(ticks)],
      transition: ({ before, memory, ghost }) => {
        checkTransition(circuitOf(before), circuitOf(memory.longs), ghost['now'] ?? 0)
      },
      invariant: (world) => {
        const state = circuitOf(world.memory.longs)
        if (state.status !== 'half-open') return
        const lives = names.filter((name) => world.ghost[`life of ${name}`] === state.since)
        must(lives.length <= 1, 'two probes are out')
        must(state.probing <= 1, 'two probes are counted')
      },
    })
    expect(states).toBeGreaterThan(100)
  })

  it('frees the place of a probe whose thread died, after its time', () => {
    let taken = 0
    explore({
      cells: 2,
      longs: 2,
      init: (memory) => {
        memory.longs[CIRCUIT] = toWord({ status: 'open', since: 0 })
      },
      mayCrash: [0],
      threads: [
        (world) => caller(world, 'a'),
        clock(3),
        function* (world): Script {
          yield { when: () => world.isDead(0) && world.isDone(1) }
          const before = circuitOf(world.memory.longs)
          const admission = yield* askCircuit(world.memory, 30, settings)
          if (before.status !== 'half-open' || before.since > 20) return
          must(admission.isAdmitted, 'the place of a dead probe stays taken')
          taken++
        },
      ],
      atEnd: () => undefined,
    })
    expect(taken).toBeGreaterThan(0)
  })

  it('is isolated and reset as a whole, whatever happens meanwhile', () => {
    const { states } = explore({
      cells: 2,
      longs: 2,
      init: (memory) => {
        memory.longs[CIRCUIT] = toWord({ status: 'closed', since: 0, failures: 1 })
      },
      threads: [
        (world) => caller(world, 'a'),
        (world) => caller(world, 'b'),
        function* ({ memory }): Script {
          yield* setCircuit(memory, 'isolated', 5)
          yield* setCircuit(memory, 'isolated', 5)
        },
      ],
      atEnd: ({ memory, unfinished }) => {
        must(unfinished.length === 0, 'a thread hangs')
        must(circuitOf(memory.longs).status === 'isolated', 'a late outcome released the isolation')
      },
    })
    expect(states).toBeGreaterThan(100)
  })
})

/** A circuit told by its whole history: what was admitted and told when. Written from the documentation alone. */
class HistoryModel {
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed'
  enteredMs = 0
  life = 0
  row = 0
  out = 0
  good = 0
  readonly #rules: Required<{ failures: number; open: number; probes: number; successes: number; maxWait: number }>

  constructor(rules: HistoryModel['rules']) {
    this.#rules = rules
  }

  get rules(): { failures: number; open: number; probes: number; successes: number; maxWait: number } {
    return this.#rules
  }

  #enter(state: HistoryModel['state'], nowMs: number): void {
    this.state = state
    this.enteredMs = Math.max(Math.ceil(nowMs), this.enteredMs + 1)
    this.life++
    this.row = 0
    this.out = 0
  }

  ask(nowMs: number): number | undefined {
    if (this.state === 'isolated') return undefined
    if (this.state === 'open') {
      if (nowMs < this.enteredMs + this.#rules.open) return undefined
      this.#enter('half-open', nowMs)
      this.good = 0
    } else if (this.state === 'half-open' && this.out >= this.#rules.probes) {
      if (nowMs < this.enteredMs + this.#rules.maxWait) return undefined
      this.#enter('half-open', nowMs)
    }
    if (this.state === 'half-open') this.out++
    return this.life
  }

  tell(life: number, outcome: CallOutcome, nowMs: number): void {
    if (life !== this.life) return
    if (this.state === 'half-open') {
      this.out--
      if (outcome === 'failure') this.#enter('open', nowMs)
      else if (outcome === 'success' && ++this.good >= this.#rules.successes) this.#enter('closed', nowMs)
    } else if (this.state === 'closed') {
      if (outcome === 'success') this.row = 0
      if (outcome === 'failure' && ++this.row >= this.#rules.failures) this.#enter('open', nowMs)
    }
  }

  set(state: 'closed' | 'isolated', nowMs: number): void {
    if (state === 'isolated' && this.state === 'isolated') return
    this.#enter(state, nowMs)
  }
}

/** A breaker with two ends, as two threads have, and the model beside it. */
class RandomWalk {
  readonly #random: () => number
  readonly #model: HistoryModel
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
    this.#model = new HistoryModel(rules)
    const clock = { now: (): number => this.#nowMs }
    const first = new ThreadBreaker({ ...rules, halfOpenAfterMs: rules.open, maxWaitMs: rules.maxWait }, { clock })
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
    must((permit !== undefined) === (life !== undefined), "the admission differs from the model's")
    if (permit !== undefined && life !== undefined) this.#calls.push({ permit, life, isTold: false })
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
  it('does what the model does that keeps the whole history, through late and double outcomes', () => {
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
    expect(one.tryAcquire()).toBeUndefined()
    expect(one.retryAfterMs).toBe(60_000)
  })

  it('becomes half-open by time alone, and closes after the probe', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 100 }, { clock })
    breaker.tryAcquire()?.failure()
    await clock.advance(50)
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['open', 50])
    await clock.advance(50)
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['half-open', 0])
    const probe = breaker.tryAcquire()
    expect(breaker.tryAcquire()).toBeUndefined()
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['half-open', 0])
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
    expect(breaker.stats()).toEqual({ admitted: 5, refused: 1, successes: 1, failures: 2, ignored: 1, late: 1 })
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

  it('is isolated until it is reset', async () => {
    const breaker = new ThreadBreaker()
    breaker.isolate()
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['isolated', Infinity])
    await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(CircuitIsolatedError)
    breaker.reset()
    await expect(breaker.execute(() => 1)).resolves.toBe(1)
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
      { probes: 1024 },
      { successes: 0 },
      { maxWaitMs: 0 },
    ]) {
      expect(() => new ThreadBreaker(rules)).toThrow(OptionError)
    }
    expect(() => new ThreadBreaker(new ThreadLatch(1).buffer)).toThrow('the buffer of a ThreadBreaker')
    expect(() => new ThreadBreaker({}, { name: '' })).toThrow(OptionError)
  })
})
