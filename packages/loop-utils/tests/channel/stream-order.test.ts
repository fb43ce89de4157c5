import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EngineDefinition, LoopHost } from '../../src/channel/index.ts'
import { turnOfLoop } from '../../src/channel/turn-of-loop.ts'

/** What a random engine does next. */
type Step = { readonly do: 'lossless' | 'lossy' | 'turn' | 'commit' } | { readonly do: 'latest'; readonly key: string }

interface RandomContract {
  commands: { run: (steps: Step[]) => { refused: number } }
  events: { lossless: number; lossy: number; latest: { key: string; at: number } }
  questions: Record<string, never>
}

/** Emits by a script; every event carries the step at which it was emitted. */
const scripted: EngineDefinition<RandomContract, null> = {
  name: 'scripted',
  delivery: { lossless: 'lossless', lossy: 'lossy', latest: 'latest' },
  create: (context) => ({
    commands: {
      run: async (steps) => {
        let refused = 0
        for (const [at, step] of steps.entries()) {
          if (step.do === 'turn') await turnOfLoop()
          else if (step.do === 'commit') context.commit()
          else if (step.do === 'latest') context.emit('latest', { key: step.key, at }, { key: step.key })
          else if (step.do === 'lossless') context.emit('lossless', at)
          else if (!context.emit('lossy', at)) refused++
        }
        return { refused }
      },
    },
    dispose: () => undefined,
  }),
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>({ do: 'lossless' }, { do: 'lossy' }, { do: 'turn' }, { do: 'commit' }),
  fc.constantFrom<Step>({ do: 'latest', key: 'a' }, { do: 'latest', key: 'b' }),
)

interface Seen {
  readonly event: 'lossless' | 'lossy' | 'latest'
  readonly at: number
  readonly key?: string
}

/** Checks one delivered stream against what the script emitted. */
function checkStream(steps: readonly Step[], seen: readonly Seen[]): void {
  const emitted = (kind: Step['do']): number[] => [...steps.keys()].filter((at) => steps[at]?.do === kind)
  const delivered = (event: Seen['event']): number[] => seen.filter((each) => each.event === event).map(({ at }) => at)
  expect(delivered('lossless')).toEqual(emitted('lossless'))
  for (const key of ['a', 'b']) {
    const script = [...steps.entries()].filter(([, each]) => each.do === 'latest' && each.key === key).map(([at]) => at)
    const values = seen.filter((each) => each.key === key).map(({ at }) => at)
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b))
    expect(values.at(-1)).toBe(script.at(-1))
    // nothing that was emitted after a value is delivered while that value, or a newer one, is not
    let known = -1
    for (const { at, event, key: own } of seen) {
      if (own === key) known = at
      const due = event === 'latest' ? -1 : (script.findLast((each) => each < at) ?? -1)
      expect(known).toBeGreaterThanOrEqual(due)
    }
  }
}

test.each(['none', 'clone-and-freeze'] as const)(
  'any sequence of emissions is one ordered stream (copy: %s)',
  async (copy) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { maxLength: 10 }),
        async (steps, highWaterMark, pauses) => {
          const seen: Seen[] = []
          await using host = new LoopHost({ copy, link: { highWaterMark, sliceMs: 1 } })
          const link = await host.place(scripted, null, {
            events: {
              lossless: (at) => seen.push({ event: 'lossless', at }),
              lossy: (at) => seen.push({ event: 'lossy', at }),
              latest: ({ at, key }) => seen.push({ event: 'latest', at, key }),
            },
            questions: {},
          })
          const running = link.call('run', steps)
          for (const isPaused of pauses) {
            if (isPaused) link.pause()
            else link.resume()
            await turnOfLoop()
          }
          link.resume()
          const { refused } = await running
          checkStream(steps, seen)
          await link.close()
          const lossy = steps.filter((each) => each.do === 'lossy').length
          expect(seen.filter(({ event }) => event === 'lossy').length).toBe(lossy - refused)
          expect(link.stats.dropped['lossy'] ?? 0).toBe(refused)
        },
      ),
      { numRuns: 150 },
    )
  },
)
