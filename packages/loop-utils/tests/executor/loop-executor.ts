import { ManualClock } from '../../src/clock/index.ts'
import {
  type ExecutorRunOptions,
  type ExecutorStats,
  PoolExecutor,
  type PoolExecutorOptions,
} from '../../src/executor/index.ts'
import { ThreadLatch } from '../../src/shared/index.ts'
import { rejection } from '../settled.ts'
import { LoopPool } from './loop-pool.ts'
import type * as tasks from './tasks.thread.ts'

const module = new URL('./tasks.thread.js', import.meta.url)

/** A function of the tests'. */
export const ref = (name: keyof typeof tasks): { module: URL; export: string } => ({ module, export: name })

export interface Opened {
  readonly executor: PoolExecutor
  readonly clock: ManualClock
  readonly pool: LoopPool
  readonly told: unknown[]
}

/** An executor on a pool of this thread, by a clock of the test's, and what it tells. */
export function open(options: PoolExecutorOptions = {}): Opened {
  const clock = new ManualClock()
  const pool = new LoopPool()
  const told: unknown[] = []
  const executor = new PoolExecutor({
    openPool: () => pool,
    maxThreads: 1,
    clock,
    graceMs: 100,
    onEvent: (name, data) => void told.push([name, data]),
    ...options,
  })
  return { executor, clock, pool, told }
}

/** Starts a function that never ends, and waits until it has begun. */
export async function hang(
  executor: PoolExecutor,
  options: ExecutorRunOptions = {},
): Promise<{ end: Promise<unknown> }> {
  const started = new ThreadLatch(1)
  const end = rejection(executor.run(ref('hang'), [started.buffer], options))
  await started.wait({ ref: true })
  return { end }
}

/** Gives what is under way on this loop time to come to an end. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until no thread is occupied. */
export async function idle(executor: PoolExecutor): Promise<void> {
  while (executor.stats().running > 0) await new Promise((resolve) => setImmediate(resolve))
}

/** What an executor tells at the end of a call. */
export const END = 'x:loop-utils:executor:end'
/** How many calls have ended before the first has. */
export const NONE: ExecutorStats['ended'] = {
  completed: 0,
  failed: 0,
  crashed: 0,
  aborted: 0,
  'timed-out': 0,
  closed: 0,
}
