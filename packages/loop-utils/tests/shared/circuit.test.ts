import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askCircuit, CIRCUIT, setCircuit, tellCircuit } from '../../src/shared/circuit-protocol.ts'
import type { CallOutcome, CircuitSettings } from '../../src/shared/circuit-rules.ts'
import { type CircuitState, fromWord, toWord } from '../../src/shared/circuit-word.ts'
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
          yield* setCircuit(memory, { status: 'isolated', nowMs: 5 })
          yield* setCircuit(memory, { status: 'isolated', nowMs: 5 })
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
