import { EventEmitter, getEventListeners } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { CallLimit, fromSharedTime, toSharedTime } from '../../src/dispatch/call-limit.ts'
import { LoopCall, Settlement } from '../../src/dispatch/calls.ts'
import { PendingCalls } from '../../src/dispatch/pending-calls.ts'
import { SharedState } from '../../src/dispatch/shared-state.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection, settled } from '../settled.ts'

describe('the limit of a call', () => {
  it.each([
    ['its own', { timeoutMs: 30 }, 30, { timeoutMs: 30, kind: 'call' }],
    ['its deadline, told by the whole of it', { deadlineMs: 20 }, 15, { timeoutMs: 20, kind: 'deadline' }],
    ['the nearer one, its own', { timeoutMs: 10, deadlineMs: 20 }, 10, { timeoutMs: 10, kind: 'call' }],
    ['the nearer one, its deadline', { timeoutMs: 16, deadlineMs: 20 }, 15, { timeoutMs: 20, kind: 'deadline' }],
    ['its own when both are as near', { timeoutMs: 15, deadlineMs: 20 }, 15, { timeoutMs: 15, kind: 'call' }],
  ])('is %s', async (_, { timeoutMs, deadlineMs }: { timeoutMs?: number; deadlineMs?: number }, ms, error) => {
    const clock = new ManualClock()
    const deadline = deadlineMs === undefined ? undefined : Deadline.after(deadlineMs, clock)
    await clock.advance(5)
    const limit = new CallLimit({ timeoutMs, deadline })
    expect(limit.ms).toBe(ms)
    expect(limit.toError('a test')).toMatchObject({ ...error, message: expect.stringContaining('a test') })
  })

  it('runs by the clock of its deadline when that is the nearer, and not at all when it has no end', async () => {
    const [own, others] = [new ManualClock(), new ManualClock()]
    const deadline = Deadline.after(20, others)
    const over: string[] = []
    expect(new CallLimit({}).ms).toBe(Infinity)
    expect(new CallLimit({}).setTimer(own, () => over.push('never'))).toBeUndefined()
    new CallLimit({ timeoutMs: 10, deadline }).setTimer(own, () => over.push('own'))
    new CallLimit({ timeoutMs: 30, deadline }).setTimer(own, () => over.push('deadline'))
    expect([own.pending, others.pending]).toEqual([1, 1])
    await others.advance(20)
    await own.advance(10)
    expect(over).toEqual(['deadline', 'own'])
  })

  it('crosses threads by the clock that all share, and may have passed by then', () => {
    expect(toSharedTime(Infinity)).toBe(Infinity)
    expect(fromSharedTime(Infinity)).toBeUndefined()
    expect(fromSharedTime(toSharedTime(-1))?.budgetMs).toBe(0)
    const left = fromSharedTime(toSharedTime(60_000))?.budgetMs
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
    const { facts } = new LoopCall(new CallLimit({ timeoutMs: 60_000 }))
    expect(facts.deadline?.budgetMs).toBeGreaterThan(50_000)
    expect(facts.deadline).toBe(facts.deadline)
  })
})

describe('a settlement', () => {
  function limited(timeoutMs?: number) {
    const clock = new ManualClock()
    const controller = new AbortController()
    const settlement = new Settlement<string>()
    const givenUp: unknown[] = []
    const end = { signal: controller.signal, limit: new CallLimit({ timeoutMs }), clock, what: 'test' }
    settlement.limit(end, (reason) => givenUp.push(reason))
    const leaves = (): number => clock.pending + getEventListeners(controller.signal, 'abort').length
    return { clock, controller, settlement, givenUp, end, leaves }
  }

  it('takes the first outcome only, and leaves nothing behind', async () => {
    const { settlement, controller, givenUp, leaves } = limited(10)
    expect(leaves()).toBe(2)
    settlement.resolve('first')
    expect(leaves()).toBe(0)
    settlement.resolve('second')
    settlement.reject('third')
    controller.abort()
    expect(await settled(settlement.promise)).toEqual({ status: 'fulfilled', value: 'first' })
    expect(givenUp).toEqual([])
  })

  it('is given up by its time, once', async () => {
    const { settlement, clock, controller, givenUp, leaves } = limited(10)
    const reason = rejection(settlement.promise)
    await clock.advance(10)
    controller.abort()
    expect(await reason).toMatchObject({ code: 'LOOP_TIMEOUT', timeoutMs: 10 })
    expect(givenUp).toEqual([await reason])
    expect(leaves()).toBe(0)
  })

  it('is given up by its signal', async () => {
    const { settlement, controller, givenUp, leaves } = limited()
    controller.abort('changed my mind')
    expect(await rejection(settlement.promise)).toBe('changed my mind')
    expect(givenUp).toEqual(['changed my mind'])
    expect(leaves()).toBe(0)
  })

  it('that has its outcome is limited by nothing', () => {
    const { settlement, end, leaves } = limited(10)
    settlement.resolve('done')
    settlement.limit(end, () => undefined)
    expect(leaves()).toBe(0)
  })
})

describe('the calls that have no answer', () => {
  function open() {
    const state = new SharedState()
    const counts: number[] = []
    const calls = new PendingCalls(state, (count) => {
      counts.push(count)
      expect(state.pendingCalls).toBe(count)
    })
    const outcomes: unknown[] = []
    const add = (isSent: boolean): number =>
      calls.add({
        resolve: (value) => outcomes.push({ value }),
        reject: (reason) => outcomes.push(reason),
        isSent: () => isSent,
      })
    return { calls, counts, outcomes, add, clock: new ManualClock(), thread: new EventEmitter() as Worker }
  }

  it('have numbers of their own, are taken once, and are counted for the other side', () => {
    const { calls, counts, outcomes, add } = open()
    expect([add(true), add(true), add(true)]).toEqual([1, 2, 3])
    calls.take(2)?.resolve('answer')
    expect(calls.take(2)).toBeUndefined()
    expect(calls.size).toBe(2)
    calls.rejectAll('closed')
    expect(outcomes).toEqual([{ value: 'answer' }, 'closed', 'closed'])
    expect(counts).toEqual([1, 2, 3, 2, 0])
    expect(add(true)).toBe(4)
  })

  it('fail at once when the thread died whose exit code nobody can tell, or is known', () => {
    const unknown = open()
    for (const isSent of [true, false]) unknown.add(isSent)
    unknown.calls.rejectCrashed({ thread: undefined, exitCode: undefined }, unknown.clock)
    const crash = { code: 'LOOP_WORKER_CRASHED', exitCode: -1, pendingCalls: 2 }
    expect(unknown.outcomes).toMatchObject([
      { ...crash, maybeExecuted: true },
      { ...crash, maybeExecuted: false },
    ])
    const known = open()
    known.add(true)
    known.calls.rejectCrashed({ thread: known.thread, exitCode: 0 }, known.clock)
    expect(known.outcomes).toMatchObject([{ exitCode: 0, pendingCalls: 1 }])
    expect([known.clock.pending, known.thread.listenerCount('exit')]).toEqual([0, 0])
  })

  it('wait a moment for the exit code, with which they fail', async () => {
    const { calls, outcomes, add, clock, thread } = open()
    add(true)
    calls.rejectCrashed({ thread, exitCode: undefined }, clock)
    await clock.advance(49)
    expect(outcomes).toEqual([])
    thread.emit('exit', 7)
    expect(outcomes).toMatchObject([{ exitCode: 7, maybeExecuted: true }])
    expect([clock.pending, thread.listenerCount('exit')]).toEqual([0, 0])
  })

  it('wait for the exit code no longer than that', async () => {
    const { calls, outcomes, add, clock, thread } = open()
    add(true)
    calls.rejectCrashed({ thread, exitCode: undefined }, clock)
    await clock.advance(50)
    expect(outcomes).toMatchObject([{ exitCode: -1 }])
    expect(thread.listenerCount('exit')).toBe(0)
  })

  it('wait for nothing when there are none', () => {
    const { calls, clock, thread } = open()
    calls.rejectCrashed({ thread, exitCode: undefined }, clock)
    expect([clock.pending, thread.listenerCount('exit')]).toEqual([0, 0])
  })
})
