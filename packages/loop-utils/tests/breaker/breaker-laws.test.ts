import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../src/clock/index.ts'
import { lawCount } from '../law-count.ts'
import { COUNTED, type ModelRules } from './history-model.ts'
import { ModelRun, randomRules, randomStep, type Step } from './model-run.ts'

const SEED = 20_260_514
const CHUNKS = lawCount({ inSuite: 2, inSoak: 10 })
const STEPS_PER_CHUNK = 100_000

describe('a breaker beside a model that keeps the whole history', () => {
  it.each(Array.from({ length: CHUNKS }, (_, chunk) => chunk))(
    'agrees after each of 100 000 random steps (part %i)',
    (chunk) => {
      const random = seeded(SEED + chunk)
      const seen = new Map<string, number>()
      let steps = 0
      while (steps < STEPS_PER_CHUNK) {
        const run = new ModelRun(randomRules(random))
        const length = random() < 0.01 ? 200 : 8 + Math.floor(random() * 24)
        for (let step = 0; step < length; step++) run.take(randomStep(random))
        steps += length
        tally(seen, run)
      }
      // the walk has been everywhere
      for (const what of ['closed', 'open', 'half-open', 'isolated', 'disabled', ...COUNTED]) {
        expect(seen.get(what), what).toBeGreaterThan(100)
      }
    },
  )

  it('agrees on histories that can be shrunk, and tells changes that follow one another', () => {
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 60 }), (drawn, steps) => {
        const run = new ModelRun(drawn)
        for (const next of steps) run.take(next)
        const { changes } = run
        expect(changes.filter(({ from, to }) => from === to)).toEqual([])
        expect(changes.slice(1).map(({ from }) => from)).toEqual(changes.slice(0, -1).map(({ to }) => to))
      }),
      { numRuns: 1500, seed: SEED },
    )
  })
})

/** Counts runs by the state in which they ended, and those that had something to count. */
function tally(seen: Map<string, number>, { stats }: ModelRun): void {
  if (stats === undefined) return
  for (const what of [stats.state, ...COUNTED.filter((name) => stats[name] > 0)]) {
    seen.set(what, (seen.get(what) ?? 0) + 1)
  }
}

const rate = fc.integer({ min: 1, max: 10 }).map((tenths) => tenths / 10)
const rates = {
  failureRate: rate,
  slowRate: fc.option(rate, { nil: undefined }),
  minCalls: fc.integer({ min: 1, max: 3 }),
}

const rules: fc.Arbitrary<ModelRules> = fc.record({
  trips: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('consecutive' as const), failures: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('count' as const), size: fc.integer({ min: 3, max: 6 }), ...rates }),
      fc.record({
        kind: fc.constant('time' as const),
        windowMs: fc.integer({ min: 1, max: 400 }),
        buckets: fc.integer({ min: 1, max: 5 }),
        ...rates,
      }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  openMs: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 4 }),
  probes: fc.integer({ min: 1, max: 3 }),
  successes: fc.integer({ min: 1, max: 3 }),
  maxWaitMs: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant(Infinity)),
  ramp: fc.array(rate, { maxLength: 2 }),
  rampSuccesses: fc.integer({ min: 1, max: 3 }),
  slowCallMs: fc.integer({ min: 0, max: 100 }),
  isReportOnly: fc.boolean(),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ what: 'acquire' } as const) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('settle' as const),
      pick: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      outcome: fc.constantFrom('success' as const, 'failure' as const, 'ignore' as const),
      durationMs: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 500 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('isolate', 'release', 'reset', 'disable', 'enable', 'restore'),
    }),
  },
)
