import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonLogSink } from '../../src/adapters/index.ts'
import { consecutive, CircuitBreaker, type BreakerOptions, type Outcome } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { Dispatcher } from '../../src/dispatch/index.ts'
import { fallback, implementationFallback } from '../../src/fallback/index.ts'
import { LoopManager } from '../../src/loop-manager/index.ts'
import { ObservationPoint } from '../../src/observe/index.ts'
import { retry } from '../../src/retry/index.ts'
import { timeout } from '../../src/timeout/index.ts'
import { LinkBench } from '../reconnect/link-bench.ts'
import { settled } from '../settled.ts'

const warnings: string[] = []
const unhandled: unknown[] = []
const onWarning = (warning: Error): void => void warnings.push(warning.message)
const onUnhandled = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  process.on('warning', onWarning)
  process.on('unhandledRejection', onUnhandled)
})

afterEach(() => {
  process.off('warning', onWarning)
  process.off('unhandledRejection', onUnhandled)
  warnings.length = 0
  unhandled.length = 0
})

/** A callback of the user's that fails later, by its promise. */
function failing(text: string): () => never {
  const later = async (): Promise<never> => {
    await Promise.resolve()
    throw new Error(text)
  }
  // as a caller without types would give it
  return later as unknown as () => never
}

/** What node tells of unhandled rejections and warnings has been told by then. */
async function told(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

const boom = (): never => {
  throw new Error('boom')
}

const BY_WARNING: readonly [source: string, run: () => unknown][] = [
  ['onEvent', () => new ObservationPoint('x:test:thing:reject').publish({}, { onEvent: failing('late') })],
  ['onRetry', () => retry(boom, { maxAttempts: 2, clock: new ManualClock(), onRetry: failing('late') })],
  [
    'onLate',
    async () => {
      const clock = new ManualClock()
      const result = settled(timeout(() => clock.sleep(10), 1, { clock, onLate: failing('late') }))
      await clock.advance(20)
      await result
    },
  ],
  ['onFallback', () => fallback(1, { onFallback: failing('late') }).execute(boom)],
  [
    'onError',
    () =>
      driveClassify({
        classify: () => boom(),
        onError: failing('late'),
      }),
  ],
]

function driveClassify(options: BreakerOptions): Promise<unknown> {
  return settled(new CircuitBreaker(options).execute(() => 1))
}

describe('a callback that fails later', () => {
  it.each(BY_WARNING)('of %s becomes a warning', async (source, run) => {
    void run()
    await told()
    expect(warnings).toEqual([`${source} threw Error: late`])
    expect(unhandled).toEqual([])
  })

  it('as onState of a reconnector goes to its onError', async () => {
    const errors: unknown[] = []
    const bench = new LinkBench({
      onState: ({ state }) => (state === 'up' ? failing('late')() : undefined),
      onError: (error) => void errors.push((error as Error).message),
    })
    await bench.up()
    await bench.reconnector.stop()
    await told()
    expect([errors, unhandled]).toEqual([['late'], []])
  })

  it('as onError of a dispatcher is counted', async () => {
    await using dispatcher = new Dispatcher({ onError: failing('late') })
    dispatcher.post(boom)
    await dispatcher.drain()
    await told()
    expect([dispatcher.stats().errors, unhandled]).toEqual([2, []])
  })

  it('as onError of a loop manager becomes a warning', async () => {
    await using manager = new LoopManager({ onError: failing('late') })
    manager.spawn('task', boom)
    await told()
    expect([warnings, unhandled]).toEqual([['onError threw Error: late'], []])
  })

  it('as onSwitch of a fallback goes to its onError', async () => {
    const errors: unknown[] = []
    const store = implementationFallback(
      { read: (): number => boom() },
      { read: () => 2 },
      {
        trip: consecutive(1),
        onSwitch: failing('late'),
        onError: (error) => void errors.push((error as Error).message),
      },
    )
    expect(store.read()).toBe(2)
    await told()
    expect([errors, unhandled]).toEqual([['late'], []])
  })
})

describe('a log sink', () => {
  it('counts a write that fails later, and warns of it', async () => {
    using sink = jsonLogSink(failing('late'))
    sink.onEvent('x:test:thing:happen', {})
    await told()
    expect([sink.stats().failed, warnings, unhandled]).toEqual([1, ['write threw Error: late'], []])
  })

  it('writes nothing when its when answers later, and warns of it', async () => {
    const lines: string[] = []
    using sink = jsonLogSink((line) => lines.push(line), { when: failing('late') })
    sink.onEvent('x:test:thing:happen', {})
    await told()
    expect([lines, unhandled]).toEqual([[], []])
    expect(warnings).toEqual([expect.stringContaining('option when is an object')])
  })
})

describe('a classify that answers later', () => {
  it.each<[string, () => unknown]>([
    ['with an outcome', async () => 'failure'],
    ['with an error', failing('late')],
    ['nothing', () => undefined],
  ])('%s is told of, and does not count', async (_, classify) => {
    const errors: unknown[] = []
    const breaker = new CircuitBreaker({
      trip: consecutive(1),
      classify: classify as unknown as () => Outcome,
      onError: (error) => void errors.push(error),
    })
    expect(await breaker.execute(() => 1)).toBe(1)
    await told()
    expect(breaker.stats()).toMatchObject({ state: 'closed', successes: 1 })
    expect(errors).toEqual([expect.objectContaining({ code: 'LOOP_OPTION', option: 'classify' })])
    expect(unhandled).toEqual([])
  })
})
