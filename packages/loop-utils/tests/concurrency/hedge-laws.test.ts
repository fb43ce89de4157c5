import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { hedge, hedgePolicy } from '../../src/concurrency/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, type Chance, runInterleavings } from './interleavings.ts'

/** How one attempt goes, in the order in which they are made. */
interface Attempt {
  readonly ms: number
  readonly isGood: boolean
  /** Whether it ends at once when it is aborted. */
  readonly isObedient: boolean
}

/** What is to happen: who is called when, and how and when the call ends. */
interface Foreseen {
  readonly launchedAt: readonly number[]
  readonly endsAt: number
  readonly outcome: string
}

/** Bits of a time that are its own for each attempt, so that no two things happen in the same millisecond. */
const STEP_MS = 64
const ABORT_BIT = 32

/** The rules of hedging as a loop over time. */
function foresee(attempts: readonly Attempt[], afterMs: number, max: number): Foreseen {
  const launchedAt: number[] = [0]
  const running = new Set([0])
  const failed: number[] = []
  let dueAt = afterMs
  const launch = (at: number): void => {
    running.add(launchedAt.push(at) - 1)
    dueAt = at + afterMs
  }
  for (;;) {
    const next = [...running].reduce((first, index) => (endOf(index) < endOf(first) ? index : first))
    const at = endOf(next)
    if (launchedAt.length < max && dueAt < at) {
      launch(dueAt)
      continue
    }
    running.delete(next)
    if (attempts[next]?.isGood === true) return { launchedAt, endsAt: at, outcome: `value ${next}` }
    failed.push(next)
    if (launchedAt.length < max) launch(at)
    else if (running.size === 0) return { launchedAt, endsAt: at, outcome: `errors ${failed.join()}` }
  }
  function endOf(index: number): number {
    return (launchedAt[index] ?? 0) + (attempts[index]?.ms ?? 0)
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof AggregateError) return `errors ${error.errors.map(String).join()}`
  return typeof error === 'number' ? `errors ${error}` : 'aborted'
}

async function play(chance: Chance): Promise<void> {
  const clock = new ManualClock()
  const max = 1 + chance.below(4)
  const afterMs = chance.percent(15) ? Infinity : STEP_MS * (1 + chance.below(5))
  const attempts = Array.from({ length: max }, (_, index) => ({
    ms: STEP_MS * chance.below(12) + 2 ** index,
    isGood: chance.percent(45),
    isObedient: chance.percent(50),
  }))
  const abortAt = chance.percent(50) ? STEP_MS * chance.below(25) + ABORT_BIT : Infinity
  const expected = foresee(attempts, afterMs, max)
  const controller = new AbortController()
  const reason = { reason: 'law' }
  const contexts: CallContext[] = []
  const signals: AbortSignal[] = []
  const launchedAt: number[] = []
  let isAborted = false

  const fn = async (context: CallContext): Promise<number> => {
    const index = contexts.push(context) - 1
    launchedAt.push(clock.now())
    signals.push(context.signal)
    if (isAborted) throw new Error('called after the abort')
    const { ms, isGood, isObedient } = attempts[index] as Attempt
    await clock.sleep(ms, isObedient ? context.signal : undefined)
    if (isGood) return index
    throw index
  }

  const given = { max, afterMs, clock }
  const { signal } = controller
  const run = chance.percent(50) ? hedge(fn, { ...given, signal }) : hedgePolicy(given).execute(fn, { signal })
  let end: { readonly outcome: string; readonly at: number } | undefined
  run.then(
    (value) => (end = { outcome: `value ${value}`, at: clock.now() }),
    (error: unknown) => (end = { outcome: outcomeOf(error), at: clock.now() }),
  )
  if (abortAt !== Infinity) {
    await clock.advance(abortAt)
    const wasOver = end !== undefined
    isAborted = true
    controller.abort(reason)
    await drained()
    if (!wasOver) agree('at the abort', end, { outcome: 'aborted', at: abortAt })
  } else {
    await clock.advance(expected.endsAt)
    agree('at the end', end, { outcome: expected.outcome, at: expected.endsAt })
  }
  const launches = expected.launchedAt.filter((at) => at < abortAt)
  agree('launches', launchedAt, launches)
  if (abortAt > expected.endsAt) agree('outcome', end, { outcome: expected.outcome, at: expected.endsAt })
  const calledFor = contexts.length
  // those that do not heed their signal go on by themselves
  const own = attempts.slice(0, calledFor).filter(({ isObedient, ms }, index) => {
    return !isObedient && (launchedAt[index] ?? 0) + ms > clock.now()
  })
  agree('timers', clock.pending, own.length)
  await clock.runAll()
  agree('calls', contexts.length, calledFor)
  agree('listeners', getEventListeners(signal, 'abort').length, 0)
  for (const [index, loser] of signals.entries()) {
    const isLoser = (launchedAt[index] ?? 0) + (attempts[index]?.ms ?? 0) > Math.min(expected.endsAt, abortAt)
    agree(`attempt ${index} is aborted`, loser.aborted, isLoser)
  }
}

const COUNT = lawCount({ inSuite: 2000, inSoak: 100_000 })

it(
  `is its rules as a loop over time in ${COUNT} random hedged calls, aborted or not`,
  async () => {
    expect(await runInterleavings(COUNT, play)).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
