import { describe, expect, it } from 'vitest'
import { EventMetrics, jsonLogSink } from '../../src/adapters/index.ts'
import { BreakerRegistry, CircuitBreaker } from '../../src/breaker/index.ts'
import { attachPoster, Dispatcher, ThreadEvent } from '../../src/dispatch/index.ts'
import { PoolExecutor } from '../../src/executor/index.ts'
import { fallback, implementationFallback } from '../../src/fallback/index.ts'
import { LoopManager, monitorLoop } from '../../src/loop-manager/index.ts'
import { adaptive, AdaptiveRate, gcra, keyed, RetryBudget, slidingWindow, tokenBucket } from '../../src/rate/index.ts'
import { recommended } from '../../src/recommended/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import {
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'
import { never, rejection } from '../settled.ts'

type Make = (options: never) => unknown
const given = (make: (options: Record<string, unknown>) => unknown): Make => make

/** What takes options, each with those that it needs, and which of the common ones it has. */
const MAKERS: readonly [name: string, make: Make, common: readonly ('clock' | 'random' | 'onEvent' | 'name')[]][] = [
  ['CircuitBreaker', given((o) => new CircuitBreaker(o)), ['clock', 'random', 'onEvent', 'name']],
  ['RetryBudget', given((o) => new RetryBudget(o)), ['clock', 'onEvent']],
  ['tokenBucket', given((o) => tokenBucket({ capacity: 1, ...o })), ['clock', 'onEvent', 'name']],
  ['gcra', given((o) => gcra({ limit: 1, ...o })), ['clock', 'onEvent', 'name']],
  ['slidingWindow', given((o) => slidingWindow({ limit: 1, ...o })), ['clock', 'onEvent', 'name']],
  ['adaptive', given((o) => adaptive(o)), ['clock']],
  ['AdaptiveRate', given((o) => new AdaptiveRate(o)), ['clock']],
  ['PoolExecutor', given((o) => new PoolExecutor(o)), ['clock', 'onEvent']],
  ['LoopManager', given((o) => new LoopManager(o)), ['clock', 'onEvent']],
  ['Dispatcher', given((o) => new Dispatcher(o)), ['clock', 'onEvent', 'name']],
  ['fallback', given((o) => fallback(1, o)), ['clock', 'onEvent', 'name']],
  ['implementationFallback', given((o) => implementationFallback({}, {}, o)), ['clock', 'random', 'onEvent', 'name']],
  ['Reconnector', given((o) => new Reconnector({ connect: never, ...o })), ['clock', 'random', 'onEvent']],
  ['recommended', given((o) => recommended('peer', o)), ['clock', 'random', 'onEvent']],
  ['ThreadBreaker', given((o) => new ThreadBreaker({}, o)), ['clock', 'onEvent', 'name']],
  ['ThreadCounter', given((o) => new ThreadCounter(0, o)), ['clock', 'onEvent', 'name']],
  ['ThreadLatch', given((o) => new ThreadLatch(1, o)), ['clock', 'onEvent', 'name']],
  ['ThreadSemaphore', given((o) => new ThreadSemaphore(1, o)), ['clock', 'onEvent', 'name']],
  ['ThreadRateLimiter', given((o) => new ThreadRateLimiter({ limit: 1 }, o)), ['clock', 'onEvent', 'name']],
  ['jsonLogSink', given((o) => jsonLogSink(() => undefined, o)), ['clock']],
]

const WRONG = {
  clock: [5, {}, { now: 5 }, null],
  random: [5, null],
  onEvent: [5, {}],
  name: [5, ''],
} as const

const CASES = MAKERS.flatMap(([name, make, common]) =>
  common.flatMap((option) => WRONG[option].map((value) => [name, option, value, make] as const)),
)

describe('a wrong common option is an OptionError at construction', () => {
  it.each(CASES)('%s: %s %o', (_, option, value, make) => {
    expect(() => (make as (options: object) => unknown)({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option }),
    )
  })
})

/** What is called with too little, or with null where an object belongs. */
const MISSING: readonly [what: string, option: string, call: () => unknown][] = [
  ['new Reconnector()', 'options', () => new (Reconnector as new () => unknown)()],
  ['tokenBucket()', 'options', () => (tokenBucket as () => unknown)()],
  ['gcra()', 'options', () => (gcra as () => unknown)()],
  ['slidingWindow(null)', 'options', () => slidingWindow(null as never)],
  ['keyed(make)', 'options', () => (keyed as unknown as (make: () => unknown) => unknown)(never)],
  ['new CircuitBreaker(null)', 'options', () => new CircuitBreaker(null as never)],
  ['new BreakerRegistry(null)', 'options', () => new BreakerRegistry(null as never)],
  ['new BreakerRegistry({ breaker: 5 })', 'breaker', () => new BreakerRegistry({ breaker: 5 as never })],
  ['new RetryBudget(null)', 'options', () => new RetryBudget(null as never)],
  ['adaptive(null)', 'options', () => adaptive(null as never)],
  ['new PoolExecutor(null)', 'options', () => new PoolExecutor(null as never)],
  ['new PoolExecutor({ errors: null })', 'errors', () => new PoolExecutor({ errors: null as never })],
  ['new LoopManager(null)', 'options', () => new LoopManager(null as never)],
  ['monitorLoop(null)', 'options', () => monitorLoop(null as never)],
  ['new Dispatcher(null)', 'options', () => new Dispatcher(null as never)],
  ['fallback(1, null)', 'options', () => fallback(1, null as never)],
  ['implementationFallback({}, {}, null)', 'options', () => implementationFallback({}, {}, null as never)],
  ["recommended('peer', null)", 'options', () => recommended('peer', null as never)],
  ['new ThreadLatch(1, null)', 'options', () => new ThreadLatch(1, null as never)],
  ['new ThreadBreaker({}, null)', 'options', () => new ThreadBreaker({}, null as never)],
  ['new ThreadBreaker(null)', 'source', () => new ThreadBreaker(null as never)],
  ['new ThreadRateLimiter(null)', 'source', () => new ThreadRateLimiter(null as never)],
  ['new CircuitBreaker({ halfOpen: 5 })', 'halfOpen', () => new CircuitBreaker({ halfOpen: 5 as never })],
  ["new CircuitBreaker({ halfOpen: 'x' })", 'halfOpen', () => new CircuitBreaker({ halfOpen: 'x' as never })],
  ['jsonLogSink(write, null)', 'options', () => jsonLogSink(() => undefined, null as never)],
  ['new EventMetrics(null)', 'options', () => new EventMetrics(null as never)],
]

describe('a missing or wrong object of options is an OptionError', () => {
  it.each(MISSING)('%s', (_, option, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})

describe('what is called later', () => {
  it('refuses to post what is no function', async () => {
    await using dispatcher = new Dispatcher()
    expect(() => dispatcher.post(5 as never)).toThrow(expect.objectContaining({ option: 'fn' }))
    expect(dispatcher.stats().accepted).toBe(0)
  })

  it('refuses wrong options of a poster', async () => {
    await using dispatcher = new Dispatcher()
    expect(() => dispatcher.connect(null as never)).toThrow(expect.objectContaining({ option: 'options' }))
    const handle = dispatcher.connect()
    expect(() => attachPoster(handle, null as never)).toThrow(expect.objectContaining({ option: 'options' }))
    expect(() => attachPoster(handle, { clock: 5 as never })).toThrow(expect.objectContaining({ option: 'clock' }))
    expect(() => attachPoster(handle, { errors: null as never })).toThrow(expect.objectContaining({ option: 'errors' }))
    // none of them has taken the handle
    for (const none of [undefined, null, {}, { ...handle, state: undefined }]) {
      expect(() => attachPoster(none as never)).toThrow(expect.objectContaining({ option: 'handle' }))
    }
    await attachPoster(handle).close()
  })

  it('refuses to spawn with wrong options', async () => {
    await using manager = new LoopManager()
    for (const [options, option] of [
      [{ critical: 'no' }, 'critical'],
      [null, 'options'],
    ] as const) {
      expect(() => manager.spawn('task', never, options as never)).toThrow(expect.objectContaining({ option }))
    }
    expect(await rejection(manager.startThread('thread', 'x', { critical: 'no' as never }))).toMatchObject({
      option: 'critical',
    })
    expect(manager.names).toEqual([])
  })

  it.each([5, 'yes', null])('refuses to wait for a ThreadEvent with ref %o', async (ref) => {
    const wait = (): Promise<boolean> => new ThreadEvent().wait({ ref: ref as never, timeoutMs: 1 })
    expect(wait).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'ref' }))
  })
})
