import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  AdaptiveConcurrency,
  Bulkhead,
  CancelledError,
  KeyedMutex,
  KeyedSemaphore,
  Mutex,
  RwLock,
  Semaphore,
  Singleflight,
  TaskGroup,
} from '../../src/concurrency/index.ts'
import { never, rejection } from '../settled.ts'
import { Deferred } from './interleavings.ts'

interface Turnstile extends Disposable {
  readonly stats: () => { readonly waiting: number; readonly acquired: number }
}

interface Case {
  readonly turnstile: Turnstile
  readonly acquire: (signal?: AbortSignal) => Promise<Disposable & { readonly isReleased: boolean }>
  readonly tryAcquire: () => unknown
  readonly run: (fn: () => unknown) => Promise<unknown>
}

const TURNSTILES: readonly [name: string, make: () => Case][] = [
  ['semaphore', () => plain(new Semaphore(1))],
  ['mutex', () => plain(new Mutex())],
  ['keyed semaphore', () => keyed(new KeyedSemaphore<string>(1))],
  ['keyed mutex', () => keyed(new KeyedMutex<string>())],
  [
    'lock',
    () => {
      const lock = new RwLock()
      return {
        turnstile: lock,
        acquire: (signal) => lock.acquireWrite({ signal }),
        tryAcquire: () => lock.tryAcquireRead(),
        run: (fn) => lock.read(fn),
      }
    },
  ],
]

function plain(turnstile: Semaphore | Mutex): Case {
  return {
    turnstile,
    acquire: (signal) => turnstile.acquire({ signal }),
    tryAcquire: () => turnstile.tryAcquire(),
    run: (fn) => turnstile.run(fn),
  }
}

function keyed(turnstile: KeyedSemaphore<string> | KeyedMutex<string>): Case {
  return {
    turnstile,
    acquire: (signal) => turnstile.acquire('lamp', { signal }),
    tryAcquire: () => turnstile.tryAcquire('lamp'),
    run: (fn) => turnstile.run('lamp', fn),
  }
}

describe.each(TURNSTILES)('disposing of a %s', (name, make) => {
  const gone = { code: 'LOOP_CANCELLED', message: `${name} was disposed of; make a new one` }

  it('rejects who waits and who comes, and leaves permits that are held valid', async () => {
    const { turnstile, acquire, tryAcquire, run } = make()
    const held = await acquire()
    const { signal } = new AbortController()
    const waits = [rejection(acquire(signal)), rejection(run(() => expect.unreachable()))]
    expect(turnstile.stats()).toMatchObject({ waiting: 2, acquired: 1 })
    turnstile[Symbol.dispose]()
    turnstile[Symbol.dispose]()
    for (const error of await Promise.all(waits)) {
      expect(error).toBeInstanceOf(CancelledError)
      expect(error).toMatchObject(gone)
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(await rejection(acquire())).toMatchObject(gone)
    expect(held.isReleased).toBe(false)
    held[Symbol.dispose]()
    // nobody gets in, though there is room
    expect(tryAcquire()).toBeUndefined()
    expect(await rejection(acquire())).toMatchObject(gone)
    expect(await rejection(run(() => expect.unreachable()))).toMatchObject(gone)
    expect(turnstile.stats()).toMatchObject({ waiting: 0, acquired: 1, refused: 4, abandoned: 2 })
  })

  it('rejects an abort by its own reason even then', async () => {
    const { turnstile, acquire } = make()
    turnstile[Symbol.dispose]()
    expect(await rejection(acquire(AbortSignal.abort('mine')))).toBe('mine')
  })
})

describe.each([
  ['bulkhead', () => new Bulkhead({ concurrent: 1, queue: 5 })],
  ['adaptive concurrency', () => new AdaptiveConcurrency({ max: 1 })],
] as const)('disposing of a %s', (name, make) => {
  it('rejects calls that wait or come, and lets functions that run go on', async () => {
    const policy = make()
    const gate = new Deferred<string>()
    const running = policy.execute(() => gate.promise)
    const waiting = rejection(policy.execute(() => expect.unreachable()))
    policy[Symbol.dispose]()
    policy[Symbol.dispose]()
    const gone = { code: 'LOOP_CANCELLED', message: `${name} was disposed of; make a new one` }
    expect(await waiting).toMatchObject(gone)
    gate.resolve('done')
    expect(await running).toBe('done')
    expect(await rejection(policy.execute(() => expect.unreachable()))).toMatchObject(gone)
    expect(policy.stats()).toMatchObject({ running: 0, waiting: 0 })
  })
})

describe('disposing of a singleflight', () => {
  it('aborts what is on its way, forgotten or not, and rejects who waits and who comes', async () => {
    const flights = new Singleflight<string, unknown>()
    const signals: AbortSignal[] = []
    const fly = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
      signals.push(signal)
      return never()
    }
    const waits = [rejection(flights.run('a', fly)), rejection(flights.run('a', fly))]
    flights.forget('a')
    waits.push(rejection(flights.run('a', fly)))
    expect(flights.stats()).toEqual({ flights: 2, waiting: 3, called: 2, joined: 1, refused: 0 })
    flights[Symbol.dispose]()
    flights[Symbol.dispose]()
    const gone = { code: 'LOOP_CANCELLED', message: 'singleflight was disposed of; make a new one' }
    expect(await Promise.all(waits)).toMatchObject([gone, gone, gone])
    expect(signals.map(({ reason }) => reason as unknown)).toMatchObject([gone, gone])
    expect(await rejection(flights.run('b', () => expect.unreachable()))).toMatchObject(gone)
    expect(flights.stats()).toEqual({ flights: 0, waiting: 0, called: 2, joined: 1, refused: 1 })
    expect(flights.size).toBe(0)
  })
})

describe('disposing of a task group', () => {
  it('cancels its tasks, waits for them, and refuses further ones', async () => {
    const group = new TaskGroup()
    group.spawn(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    expect(group.stats()).toEqual({ running: 1, succeeded: 0, failed: 0, cancelled: 0, refused: 0 })
    await group[Symbol.asyncDispose]()
    expect(() => group.spawn(never)).toThrow(expect.objectContaining({ code: 'LOOP_TASK_GROUP_CLOSED' }))
    expect(group.stats()).toEqual({ running: 0, succeeded: 0, failed: 0, cancelled: 1, refused: 1 })
  })
})
