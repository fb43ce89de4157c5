import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { adaptiveConcurrency, Bulkhead, Semaphore } from '../../src/concurrency/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { rejection, settled } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

describe('what peers get wrong', () => {
  it('does not exceed a concurrency of 1 when tasks time out (three ran at once in a queue library)', async () => {
    for (const withTimeout of ['inside', 'outside'] as const) {
      const clock = new ManualClock()
      const bulkhead = new Bulkhead({
        concurrent: 1,
        queue: 10,
        clock,
        ...(withTimeout === 'inside' ? { timeoutMs: 30 } : {}),
      })
      const policy = withTimeout === 'inside' ? bulkhead : compose(timeoutPolicy(30, { clock }), bulkhead)
      let running = 0
      let most = 0
      let calls = 0
      const task = async (): Promise<void> => {
        calls++
        most = Math.max(most, ++running)
        await clock.sleep(100)
        running--
      }
      const runs = Array.from({ length: 5 }, () => rejection(policy.execute(task)))
      await clock.advance(1000)
      for (const run of runs) expect(await run).toMatchObject({ code: 'LOOP_TIMEOUT', timeoutMs: 30 })
      expect(most).toBe(1)
      // a timeout outside counts the wait, so those behind were never called
      expect(calls).toBe(withTimeout === 'inside' ? 5 : 1)
      expect([bulkhead.running, bulkhead.waiting, clock.pending]).toEqual([0, 0, 0])
    }
  })

  it('settles an aborted call that waits at once, not when its turn comes (after 201 ms instead of 10)', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 5, clock })
    const running = bulkhead.execute(() => clock.sleep(200))
    const controller = new AbortController()
    let calls = 0
    let settledAt: number | undefined
    const waiting = rejection(bulkhead.execute(() => calls++, { signal: controller.signal })).finally(() => {
      settledAt = clock.now()
    })
    await clock.advance(10)
    controller.abort(new Error('not needed any more'))
    expect(bulkhead.waiting).toBe(0)
    await turnMicrotasks(10)
    expect(settledAt).toBe(10)
    await clock.advance(190)
    await running
    expect(await waiting).toHaveProperty('message', 'not needed any more')
    expect(calls).toBe(0)
  })

  it('does not starve those behind aborted ones', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 100 })
    const clock = new ManualClock()
    const controller = new AbortController()
    const running = bulkhead.execute(() => clock.sleep(50))
    const aborted = Array.from({ length: 9 }, () =>
      rejection(bulkhead.execute(() => 'called', { signal: controller.signal })),
    )
    const behind = Array.from({ length: 50 }, (_, index) => bulkhead.execute(() => index))
    await turnMicrotasks(10)
    controller.abort('away')
    expect(new Set(await Promise.all(aborted))).toEqual(new Set(['away']))
    await clock.advance(50)
    await running
    expect(await Promise.all(behind)).toEqual(Array.from({ length: 50 }, (_, index) => index))
  })

  it('keeps what was thrown as it is, if it is no Error', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1 })
    const thrown = { status: 503 }
    expect(await rejection(bulkhead.execute(() => Promise.reject(thrown)))).toBe(thrown)
  })

  it('does not wedge when waiting and running calls are aborted in any order', async () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 0, 3, 2],
      [2, 3, 0, 1],
    ]) {
      const clock = new ManualClock()
      const bulkhead = new Bulkhead({ concurrent: 2, queue: 2, clock })
      const controllers = Array.from({ length: 4 }, () => new AbortController())
      const runs = controllers.map(({ signal }) =>
        rejection(bulkhead.execute((context) => clock.sleep(1000, context.signal), { signal })),
      )
      await turnMicrotasks(10)
      for (const index of order) controllers[index]?.abort(index)
      expect(await Promise.all(runs)).toEqual([0, 1, 2, 3])
      await clock.settle()
      expect([bulkhead.running, bulkhead.waiting, clock.pending]).toEqual([0, 0, 0])
      expect(await bulkhead.execute(() => 'alive')).toBe('alive')
    }
  })

  it('does not let one aborted call abort the others', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 3, clock })
    const controller = new AbortController()
    const work = bulkhead.execute((context) => clock.sleep(100, context.signal).then(() => 'done'))
    const aborted = rejection(
      bulkhead.execute((context) => clock.sleep(100, context.signal), { signal: controller.signal }),
    )
    controller.abort('mine')
    await clock.advance(100)
    expect(await aborted).toBe('mine')
    expect(await work).toBe('done')
  })

  it('frees the slot that was given to a call at the moment of its abort', async () => {
    for (const policy of [new Bulkhead({ concurrent: 1, queue: 5 }), adaptiveConcurrency({ initial: 1, max: 1 })]) {
      for (let turns = 0; turns < 16; turns++) {
        const gate = new Deferred()
        const controller = new AbortController()
        let isAborted = false
        let calledAfterAbort = false
        const running = policy.execute(() => gate.promise)
        const work = (): void => {
          calledAfterAbort = isAborted
        }
        const waiting = settled(policy.execute(work, { signal: controller.signal }))
        await turnMicrotasks(10)
        gate.resolve()
        await turnMicrotasks(turns)
        isAborted = true
        controller.abort('now')
        expect(['now', undefined]).toContain(reasonOf(await waiting))
        await running
        expect([policy.running, policy.waiting, calledAfterAbort]).toEqual([0, 0, false])
      }
    }
  })

  it('never calls a function whose wait was aborted, however the abort and the grant meet', async () => {
    const semaphore = new Semaphore(1)
    for (let turns = 0; turns < 8; turns++) {
      const held = await semaphore.acquire()
      const controller = new AbortController()
      let isAborted = false
      let calledAfterAbort = false
      const work = (): void => {
        calledAfterAbort = isAborted
      }
      const run = settled(semaphore.run(work, { signal: controller.signal }))
      held.release()
      await turnMicrotasks(turns)
      isAborted = true
      controller.abort('now')
      expect(['now', undefined]).toContain(reasonOf(await run))
      expect([calledAfterAbort, semaphore.available]).toEqual([false, 1])
    }
  })
})

function reasonOf(result: PromiseSettledResult<unknown>): unknown {
  return result.status === 'rejected' ? result.reason : undefined
}
