import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import {
  AsyncChannel,
  Bulkhead,
  CancelledError,
  ChannelClosedError,
  createHandshakeLimiter,
  debounce,
  hedge,
  hedgePolicy,
  KeyedMutex,
  KeyedSemaphore,
  LatencyWindow,
  mapConcurrent,
  Mutex,
  RwLock,
  Semaphore,
  Singleflight,
  TaskGroup,
  TaskGroupClosedError,
  throttle,
} from '../../src/concurrency/index.ts'
import { never, rejection, settled } from '../settled.ts'

describe('a wrong option is named, with what to give', () => {
  it.each<[string, string, () => unknown]>([
    ['concurrent', 'an integer of at least 1', () => new Bulkhead({ concurrent: 0 })],
    ['queue', 'an integer of at least 0', () => new Bulkhead({ concurrent: 1, queue: -1 })],
    ['maxWaitMs', 'milliseconds', () => new Bulkhead({ concurrent: 1, maxWaitMs: -1 })],
    ['order', "one of 'fifo', 'lifo', 'priority'", () => new Bulkhead({ concurrent: 1, order: 'any' as never })],
    ['onLate', 'a function', () => new Bulkhead({ concurrent: 1, timeoutMs: 5, onLate: 1 as never })],
    ['options', 'an object with afterMs or percentile', () => hedgePolicy(undefined as never)],
    ['options', 'an object with afterMs or percentile', () => hedgePolicy(5 as never)],
    ['afterMs', 'milliseconds, or percentile', () => hedgePolicy({})],
    ['percentile', 'a number from 0 to 100', () => hedgePolicy({ percentile: 101 })],
    ['latencies', 'a LatencyWindow', () => hedgePolicy({ percentile: 9, latencies: {} as never })],
    ['latencies', 'a LatencyWindow', () => hedgePolicy({ percentile: 9, latencies: { record: never } as never })],
    ['latencies', 'a LatencyWindow', () => hedgePolicy({ percentile: 9, latencies: { percentile: never } as never })],
    ['budget', 'a RetryBudget', () => hedgePolicy({ afterMs: 9, budget: {} as never })],
    ['minSamples', 'an integer of at least 1', () => hedgePolicy({ percentile: 9, minSamples: 0 })],
    ['max', 'an integer of at least 1', () => hedgePolicy({ percentile: 9, max: 0 })],
    ['capacity', 'an integer of at least 1', () => new KeyedSemaphore(0)],
    ['maxKeys', 'an integer of at least 1', () => new KeyedSemaphore(1, { maxKeys: 0 })],
    ['maxKeys', 'an integer of at least 1', () => new Singleflight({ maxKeys: 0 })],
    ['mode', "one of 'structured', 'background'", () => new TaskGroup({ mode: 'loose' as never })],
    ['maxTasks', 'an integer of at least 1', () => new TaskGroup({ maxTasks: 0 })],
    ['onError', 'a function', () => new TaskGroup({ mode: 'background' })],
    ['source', 'an iterable or async iterable', () => mapConcurrent(5 as never, never, { concurrency: 1 })],
    ['source', 'an iterable or async iterable', () => mapConcurrent(null as never, never, { concurrency: 1 })],
    ['concurrency', 'an integer of at least 1', () => mapConcurrent([], never, { concurrency: 0 })],
    ['concurrent', 'an integer of at least 1', () => createHandshakeLimiter({ concurrent: 0 })],
    ['perHost', 'an integer of at least 1', () => createHandshakeLimiter({ perHost: 0 })],
    ['intervalMs', 'milliseconds', () => throttle(never, -1)],
    ['trailing', 'true, or leading: true', () => throttle(never, 1, { leading: false, trailing: false })],
    ['capacity', 'an integer', () => new Semaphore(-1)],
  ])('%s: %s', (option, expected, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected: expect.stringContaining(expected) as string }),
    )
  })

  it('when it is a function to call', async () => {
    const refused = { code: 'LOOP_OPTION', option: 'fn', expected: 'a function' }
    expect(await rejection(new Bulkhead({ concurrent: 1 }).execute(5 as never))).toMatchObject(refused)
    expect(await rejection(hedgePolicy({ afterMs: 5 }).execute(5 as never))).toMatchObject(refused)
  })
})

describe('an error tells what happened and what to do', () => {
  it.each<[string, string, string, Error]>([
    ['CancelledError', 'LOOP_CANCELLED', 'enough', new CancelledError('enough')],
    [
      'ChannelClosedError',
      'LOOP_CHANNEL_CLOSED',
      'inbox is closed; send before close(), and receive by for await, which ends then',
      new ChannelClosedError('inbox'),
    ],
    [
      'TaskGroupClosedError',
      'LOOP_TASK_GROUP_CLOSED',
      'crew has ended; make a new one for further tasks',
      new TaskGroupClosedError('crew'),
    ],
  ])('%s', (name, code, message, error) => {
    expect(error).toMatchObject({ name, code, message })
  })

  it('by the same code and name when it is made later', () => {
    for (const error of [new CancelledError('x'), new ChannelClosedError('x'), new TaskGroupClosedError('x')]) {
      expect(error.name).toBe(error.constructor.name)
      expect(error.code).toMatch(/^LOOP_(CANCELLED|CHANNEL_CLOSED|TASK_GROUP_CLOSED)$/)
    }
  })
})

/** What has room for one who waits, by default under a name of its own. */
const FULL: readonly [name: string, fill: (maxWaiting: number) => () => Promise<unknown>][] = [
  [
    'semaphore',
    (maxWaiting) => (new Semaphore(1, { maxWaiting }).tryAcquire(), full(new Semaphore(1, { maxWaiting }))),
  ],
  ['mutex', (maxWaiting) => full(new Mutex({ maxWaiting }))],
  [
    'keyed mutex',
    (maxWaiting) => {
      const mutex = new KeyedMutex<string>({ maxWaiting })
      return () => mutex.acquire('key')
    },
  ],
  [
    'keyed semaphore',
    (maxWaiting) => {
      const semaphore = new KeyedSemaphore<string>(1, { maxWaiting })
      return () => semaphore.acquire('key')
    },
  ],
  [
    'lock',
    (maxWaiting) => {
      const lock = new RwLock({ maxWaiting })
      return () => lock.acquireWrite()
    },
  ],
]

function full(lock: { acquire(): Promise<unknown> }): () => Promise<unknown> {
  return () => lock.acquire()
}

describe('a queue that is full', () => {
  it.each(FULL)('is named after its %s', async (name, fill) => {
    const acquire = fill(1)
    await acquire()
    const waiting = settled(acquire())
    expect(await rejection(acquire())).toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: expect.stringContaining(name) as string,
      capacity: 1,
    })
    void waiting
  })

  it('of one flight says so', async () => {
    const flights = new Singleflight<string, number>({ maxWaiting: 1 })
    void settled(flights.run('key', never))
    expect(await rejection(flights.run('key', never))).toMatchObject({ queue: 'callers of one flight', capacity: 1 })
  })
})

describe('a semaphore whose capacity changes', () => {
  it('lets in whom it has room for, and nobody until enough have left', async () => {
    const semaphore = new Semaphore(1)
    const first = await semaphore.acquire()
    const entered: number[] = []
    const waiting = [2, 3, 4].map(async (who) => {
      const permit = await semaphore.acquire()
      entered.push(who)
      return permit
    })
    semaphore.resize(3)
    await Promise.all(waiting.slice(0, 2))
    expect([entered, semaphore.available]).toEqual([[2, 3], 0])
    semaphore.resize(1)
    first.release()
    await Promise.resolve()
    expect([entered, semaphore.waiting]).toEqual([[2, 3], 1])
    for (const permit of await Promise.all(waiting.slice(0, 2))) permit.release()
    await Promise.all(waiting)
    expect(entered).toEqual([2, 3, 4])
  })
})

describe('what is paced', () => {
  it('drops a call that comes too early when nothing is made up for', async () => {
    const clock = new ManualClock()
    const seen: unknown[] = []
    const paced = throttle((value: number) => void seen.push([value, clock.now()]), 100, { trailing: false, clock })
    void settled(Promise.resolve(paced(1)))
    void settled(Promise.resolve(paced(2)))
    await clock.advance(100)
    void settled(Promise.resolve(paced(3)))
    await clock.advance(500)
    expect(seen).toEqual([
      [1, 0],
      [3, 100],
    ])
    expect(clock.pending).toBe(0)
  })
})

describe('a hedged call', () => {
  it('needs neither window nor percentile when it is told when to begin', async () => {
    const clock = new ManualClock()
    let calls = 0
    const call = hedge(
      () => {
        calls++
        return calls === 1 ? never() : Promise.resolve(calls)
      },
      { afterMs: 50, clock },
    )
    await clock.advance(49)
    expect(calls).toBe(1)
    await clock.advance(1)
    expect(await call).toBe(2)
    expect(clock.pending).toBe(0)
  })

  it('begins at the percentile of a window that it is given', async () => {
    const clock = new ManualClock()
    const latencies = new LatencyWindow()
    for (let sample = 0; sample < 40; sample++) latencies.record(30)
    let calls = 0
    const call = hedge(() => (++calls === 1 ? never() : Promise.resolve('second')), {
      percentile: 95,
      latencies,
      clock,
    })
    await clock.advance(29)
    expect(calls).toBe(1)
    await clock.advance(2)
    expect(await call).toBe('second')
  })
})

describe('a channel and a debounced function', () => {
  it('can be made with what they need only', async () => {
    const channel = new AsyncChannel<number>({ capacity: 1 })
    await channel.send(1)
    expect(await channel.receive()).toBe(1)
    const clock = new ManualClock()
    let calls = 0
    const paced = debounce(() => ++calls, 10, { clock })
    void settled(Promise.resolve(paced()))
    await clock.advance(10)
    expect(calls).toBe(1)
  })
})
