import { ManualClock } from '../../src/clock/index.ts'
import { Dispatcher } from '../../src/dispatch/index.ts'
import { PoolExecutor } from '../../src/executor/index.ts'
import { LoopManager } from '../../src/loop-manager/index.ts'
import type { OnEvent } from '../../src/observe/index.ts'
import { tokenBucket } from '../../src/rate/index.ts'
import { ThreadBreaker, ThreadRateLimiter, ThreadSemaphore } from '../../src/shared/index.ts'
import { LoopPool } from '../executor/loop-pool.ts'
import { rejection, settled } from '../settled.ts'

const tasks = new URL('../executor/tasks.thread.js', import.meta.url)

/** What an observer was told, without the prefix that all names have. */
export interface Seen {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Parts of the package, how each does what it tells of, and what that is. */
export const PARTS: readonly [part: string, run: (onEvent?: OnEvent) => Promise<unknown>, expected: readonly Seen[]][] =
  [
    [
      'a dispatcher',
      async (onEvent) => {
        const dispatcher = new Dispatcher({ name: 'd', capacity: 1, onError: () => undefined, onEvent })
        dispatcher.post(() => {
          throw new Error('boom')
        })
        dispatcher.post(() => undefined)
        await dispatcher.close()
      },
      [
        { name: 'dispatcher:drop', data: { dispatcher: 'd', reason: 'newest', capacity: 1 } },
        { name: 'dispatcher:error', data: { dispatcher: 'd', kind: 'post', error: new Error('boom') } },
        { name: 'dispatcher:close', data: { dispatcher: 'd', delivered: 1, discarded: 0, rejectedCalls: 0 } },
      ],
    ],
    [
      'an executor',
      async (onEvent) => {
        await using executor = new PoolExecutor({ openPool: () => new LoopPool(), maxThreads: 1, maxQueue: 0, onEvent })
        const first = executor.run({ module: tasks, export: 'add' }, [1, 2])
        await rejection(executor.run({ module: tasks, export: 'add' }, [1, 2]))
        await first
      },
      [
        { name: 'executor:refuse', data: { task: 'add', queued: 0, running: 1 } },
        { name: 'executor:end', data: { task: 'add', end: 'completed', hasBegun: true } },
      ],
    ],
    [
      'a loop manager',
      async (onEvent) => {
        await using manager = new LoopManager({ onEvent })
        await manager.spawn('short', () => undefined).result
      },
      [
        { name: 'loop-manager:start', data: { kind: 'task', name: 'short' } },
        { name: 'loop-manager:end', data: { kind: 'task', name: 'short', end: 'finished' } },
      ],
    ],
    [
      'a rate limiter',
      async (onEvent) => {
        const limiter = tokenBucket({ capacity: 1, clock: new ManualClock(), onEvent })
        limiter.tryAcquire()
        limiter.tryAcquire()
        await rejection(limiter.acquire(1, { maxWaitMs: 10 }))
      },
      [1, 2].map(() => ({
        name: 'rate-limiter:refuse',
        data: { limiter: 'token bucket', n: 1, waiting: 0, retryAfterMs: 1000 },
      })),
    ],
    [
      'a rate limiter that threads share',
      async (onEvent) => {
        const limiter = new ThreadRateLimiter({ limit: 1 }, { clock: new ManualClock(), onEvent })
        limiter.tryAcquire()
        limiter.tryAcquire()
      },
      [
        {
          name: 'rate-limiter:refuse',
          data: { limiter: 'thread rate limiter', n: 1, waiting: 0, retryAfterMs: 1000 },
        },
      ],
    ],
    [
      'a breaker that threads share',
      async (onEvent) => {
        const breaker = new ThreadBreaker({}, { clock: new ManualClock(), onEvent })
        breaker.isolate()
        breaker.tryAcquire()
      },
      [
        {
          name: 'thread-breaker:reject',
          data: { name: 'thread circuit', state: 'isolated', retryAfterMs: Infinity },
        },
      ],
    ],
    [
      'a semaphore that threads share',
      async (onEvent) => {
        const clock = new ManualClock()
        const semaphore = new ThreadSemaphore(1, { clock, onEvent })
        const held = await semaphore.acquire()
        const late = settled(semaphore.acquire({ timeoutMs: 5 }))
        await clock.advance(5)
        await late
        const next = semaphore.acquire()
        await clock.advance(3)
        held.release()
        ;(await next).release()
      },
      [
        { name: 'thread-wait:end', data: { name: 'thread semaphore', isServed: false, waitedMs: 5 } },
        { name: 'thread-wait:end', data: { name: 'thread semaphore', isServed: true, waitedMs: 3 } },
      ],
    ],
  ]
