import { afterAll, beforeAll, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { LoopManager, type WorkerLoop } from '../../src/loop-manager/index.ts'
import { timeoutPolicy } from '../../src/policy/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'
import type { DeadlineHandlers } from './deadline.thread.ts'

let manager: LoopManager
let worker: WorkerLoop<DeadlineHandlers>

beforeAll(async () => {
  manager = new LoopManager()
  worker = await manager.startThread('worker', new URL('./deadline.thread.js', import.meta.url))
})
afterAll(async () => {
  await manager.close()
})

it.each(['left', 'leftLater'] as const)('the handler of a call learns what is left: %s', async (handler) => {
  expect(await worker.call(handler, [])).toBeUndefined()
  const deadline = Deadline.after(60_000)
  const left = (await worker.call(handler, [], { deadline })) ?? NaN
  expect(left).toBeGreaterThan(deadline.remaining())
  expect(left).toBeLessThan(60_000)
  expect(await worker.call(handler, [], { deadline, timeoutMs: 5000 })).toBeLessThanOrEqual(5000)
  expect(await worker.call(handler, [], { timeoutMs: 7000 })).toBeLessThanOrEqual(7000)
})

it('a policy gives its deadline on with its context', async () => {
  const left = await timeoutPolicy(60_000).execute((context) => worker.call('left', [], context))
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(60_000)
})

it('the call ends with the deadline, by its clock, and leaves no timer', async () => {
  const clock = new ManualClock()
  const call = rejection(worker.call('hang', [], { deadline: Deadline.after(100, clock) }))
  await clock.advance(100)
  expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'deadline', timeoutMs: 100 })
  await worker.call('left', [], { deadline: Deadline.after(100, clock) })
  expect(clock.pending).toBe(0)
})

it('what is no deadline is refused', async () => {
  expect(await rejection(worker.call('left', [], { deadline: 5 as never }))).toMatchObject({ option: 'deadline' })
})
