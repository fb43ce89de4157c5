import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Bulkhead, BulkheadFullError } from '../../src/concurrency/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { Deadline, type LateOutcome } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection, settled } from '../settled.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, Deferred, runInterleavings, turnMicrotasks, type Chance } from './interleavings.ts'

const COUNT = lawCount({ inSuite: 2000, inSoak: 40_000 })

describe('Bulkhead', () => {
  it('tells its observer of timeouts, and how late functions end', async () => {
    const clock = new ManualClock()
    const types: string[] = []
    const late: LateOutcome[] = []
    const bulkhead = new Bulkhead({
      concurrent: 1,
      timeoutMs: 10,
      clock,
      onEvent: (type) => void types.push(type),
      onLate: (outcome) => void late.push(outcome),
    })
    const call = settled(bulkhead.execute(() => clock.sleep(30).then(() => 'a socket')))
    await clock.runAll()
    expect((await call).status).toBe('rejected')
    expect(types).toEqual(['x:loop-utils:timeout:expire', 'x:loop-utils:timeout:late'])
    expect(late).toEqual([{ status: 'fulfilled', value: 'a socket' }])
  })

  it('runs so many at a time, lets so many wait, and refuses the rest', async () => {
    const bulkhead = new Bulkhead({ concurrent: 2, queue: 3, name: 'gateway' })
    const gate = new Deferred()
    const runs = Array.from({ length: 7 }, (_, index) =>
      settled(bulkhead.execute(() => gate.promise.then(() => index))),
    )
    await turnMicrotasks(8)
    expect(bulkhead.stats()).toEqual({ running: 2, waiting: 3, called: 2, refused: 2 })
    gate.resolve()
    const results = await Promise.all(runs)
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
      0,
      1,
      2,
      3,
      4,
      'refused',
      'refused',
    ])
    const [refusal] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    expect(refusal).toBeInstanceOf(BulkheadFullError)
    expect(refusal).toMatchObject({
      code: 'LOOP_BULKHEAD_FULL',
      message: 'gateway is full (2 running and 3 waiting); call less often, or raise concurrent or queue',
      running: 2,
      waiting: 3,
      waitedMs: 0,
    })
    expect(bulkhead.stats()).toEqual({ running: 0, waiting: 0, called: 5, refused: 2 })
  })

  it('lets nobody wait by default', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1 })
    const gate = new Deferred()
    const run = bulkhead.execute(() => gate.promise)
    await expect(bulkhead.execute(() => 1)).rejects.toThrow(BulkheadFullError)
    gate.resolve()
    await run
    expect(await bulkhead.execute(() => 'sync')).toBe('sync')
  })

  it('serves the one who came last first with lifo', async () => {
    const order = await orderOf(new Bulkhead({ concurrent: 1, queue: 9, order: 'lifo' }), [0, 0, 0])
    expect(order).toEqual([2, 1, 0])
  })

  it('serves the highest priority first, and within it the one who came first', async () => {
    const order = await orderOf(new Bulkhead({ concurrent: 1, queue: 9, order: 'priority' }), [0, 9, 5, 9, 5, 0])
    expect(order).toEqual([1, 3, 2, 4, 0, 5])
  })

  it('refuses a call that has waited for maxWaitMs, and leaves no timer when it is served before', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 5, maxWaitMs: 100, clock })
    const gate = new Deferred()
    const run = bulkhead.execute(() => gate.promise)
    let calls = 0
    const late = rejection(bulkhead.execute(() => calls++))
    await clock.advance(60)
    const inTime = bulkhead.execute(() => calls++)
    await clock.advance(40)
    expect(await late).toMatchObject({ code: 'LOOP_BULKHEAD_FULL', waitedMs: 100 })
    expect((await late) as Error).toHaveProperty('message', expect.stringContaining('no free slot within 100 ms'))
    gate.resolve()
    await Promise.all([run, inTime])
    expect(calls).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('does not wait at all with a maxWaitMs of 0', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 5, maxWaitMs: 0 })
    const gate = new Deferred()
    const run = bulkhead.execute(() => gate.promise)
    await expect(bulkhead.execute(() => 1)).rejects.toThrow(BulkheadFullError)
    gate.resolve()
    await run
  })

  it('settles at the abort, but frees the slot only when the function has ended', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 1 })
    const gate = new Deferred()
    const controller = new AbortController()
    const aborted = rejection(bulkhead.execute(() => gate.promise, { signal: controller.signal }))
    await turnMicrotasks(8)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    expect(bulkhead.running).toBe(1)
    let isCalled = false
    const next = bulkhead.execute(() => {
      isCalled = true
    })
    await turnMicrotasks(8)
    expect(isCalled).toBe(false)
    gate.reject(new Error('late and unseen'))
    await next
    expect(bulkhead.running).toBe(0)
  })

  it('times a function out from when it runs, and keeps its slot', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 1, timeoutMs: 30, clock, name: 'radio' })
    const gates = [new Deferred(), new Deferred()]
    const signals: AbortSignal[] = []
    const runs = gates.map((gate) =>
      rejection(
        bulkhead.execute((context) => {
          signals.push(context.signal)
          return gate.promise
        }),
      ),
    )
    await clock.advance(100)
    expect(await runs[0]).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'call', timeoutMs: 30 })
    expect(signals[0]?.aborted).toBe(true)
    expect([bulkhead.running, bulkhead.waiting, signals.length]).toEqual([1, 1, 1])
    gates[0]?.resolve()
    await clock.advance(29)
    expect(signals.length).toBe(2)
    await clock.advance(1)
    expect(await runs[1]).toBeInstanceOf(TimeoutError)
    gates[1]?.resolve()
    await clock.settle()
    expect(bulkhead.running).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('keeps the deadline while it waits and while it runs', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 1, clock })
    const deadline = Deadline.after(50, clock)
    const gate = new Deferred()
    let calls = 0
    const work = (): Promise<void> => {
      calls++
      return gate.promise
    }
    const runs = [1, 2].map(() => rejection(bulkhead.execute(work, { deadline })))
    await clock.advance(50)
    for (const run of runs) expect(await run).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'deadline', timeoutMs: 50 })
    expect([calls, bulkhead.running, bulkhead.waiting]).toEqual([1, 1, 0])
    expect(await rejection(bulkhead.execute(work, { deadline }))).toBeInstanceOf(TimeoutError)
    expect(calls).toBe(1)
    gate.resolve()
    await clock.settle()
    expect([bulkhead.running, clock.pending]).toEqual([0, 0])
  })

  it('composes: a timeout outside of it covers the wait, and the slot stays taken', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 4, clock })
    const policy = compose(timeoutPolicy(20, { clock }), bulkhead)
    const gate = new Deferred()
    let calls = 0
    const runs = [1, 2].map(() =>
      rejection(
        policy.execute(() => {
          calls++
          return gate.promise
        }),
      ),
    )
    await clock.advance(20)
    for (const run of runs) expect(await run).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'total' })
    expect([calls, bulkhead.running, bulkhead.waiting]).toEqual([1, 1, 0])
    gate.resolve()
    await clock.settle()
    expect(bulkhead.running).toBe(0)
  })

  it('frees the slot of a function that throws, at once or later', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1 })
    const failing = bulkhead.execute(() => {
      throw new Error('at once')
    })
    await expect(failing).rejects.toThrow('at once')
    await expect(bulkhead.execute(() => Promise.reject(new Error('later')))).rejects.toThrow('later')
    expect(bulkhead.running).toBe(0)
  })

  it('rejects those who wait when it is told to', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 5, order: 'priority' })
    const gate = new Deferred()
    const run = bulkhead.execute(() => gate.promise)
    const waits = [1, 2, 3].map((priority) => rejection(bulkhead.execute(() => 1, { priority })))
    await turnMicrotasks(8)
    expect(bulkhead.rejectWaiting('closing')).toBe(3)
    expect(await Promise.all(waits)).toEqual(['closing', 'closing', 'closing'])
    gate.resolve()
    await run
  })

  it('tells of refusals by onEvent and diagnostics channel', async () => {
    const seen: unknown[] = []
    const onMessage = (message: unknown): void => void seen.push(message)
    subscribe('x:loop-utils:bulkhead:refuse', onMessage)
    const events: unknown[] = []
    const bulkhead = new Bulkhead({ concurrent: 1, name: 'b', onEvent: (name, data) => events.push([name, data]) })
    const gate = new Deferred()
    const run = bulkhead.execute(() => gate.promise)
    await settled(bulkhead.execute(() => 1))
    unsubscribe('x:loop-utils:bulkhead:refuse', onMessage)
    const facts = { bulkhead: 'b', running: 1, waiting: 0, waitedMs: 0 }
    expect(events).toEqual([['x:loop-utils:bulkhead:refuse', facts]])
    expect(seen).toEqual([facts])
    gate.resolve()
    await run
  })

  it('takes off as many listeners as it adds', async () => {
    const bulkhead = new Bulkhead({ concurrent: 2, queue: 100 })
    const counted = new CountedSignal()
    const { signal } = counted
    await Promise.all(Array.from({ length: 9 }, () => bulkhead.execute(() => turnMicrotasks(2), { signal })))
    expect(counted.added).toBeGreaterThan(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(counted.removed).toBe(counted.added)
  })

  it('refuses wrong options', async () => {
    expect(() => new Bulkhead({ concurrent: 0 })).toThrow(OptionError)
    expect(() => new Bulkhead({ concurrent: 1, queue: -1 })).toThrow('queue')
    expect(() => new Bulkhead({ concurrent: 1, maxWaitMs: Number.NaN })).toThrow('maxWaitMs')
    expect(() => new Bulkhead({ concurrent: 1, timeoutMs: -1 })).toThrow('timeoutMs')
    expect(() => new Bulkhead({ concurrent: 1, order: 'random' as 'fifo' })).toThrow("'fifo', 'lifo', 'priority'")
    const bulkhead = new Bulkhead({ concurrent: 1, order: 'priority' })
    await expect(bulkhead.execute(() => 1, { priority: 10 })).rejects.toThrow('option priority is 10')
    await expect(bulkhead.execute('fn' as never)).rejects.toThrow('option fn')
    expect(bulkhead.running).toBe(0)
  })

  it(
    `is the model in ${COUNT} random interleavings: order, slots held until the end, bounds, no lost slot`,
    async () => {
      expect(await runInterleavings(COUNT, play)).toEqual([])
    },
    LAW_TIMEOUT_MS,
  )
})

/** In which order calls with these priorities are made once the slot becomes free. */
async function orderOf(bulkhead: Bulkhead, priorities: readonly number[]): Promise<number[]> {
  const gate = new Deferred()
  const order: number[] = []
  const runs = [bulkhead.execute(() => gate.promise)]
  for (const [index, priority] of priorities.entries()) {
    runs.push(bulkhead.execute(() => void order.push(index), { priority }))
  }
  gate.resolve()
  await Promise.all(runs)
  return order
}

/** A bulkhead as arrays. `queue` holds who waits, the next one to be served first. */
class Model {
  readonly log: string[] = []
  running: number[] = []
  queue: { readonly id: number; readonly priority: number; readonly since: number }[] = []
  readonly #facts: {
    readonly concurrent: number
    readonly queue: number
    readonly maxWaitMs: number
    readonly order: string
  }

  constructor(facts: Model['facts']) {
    this.#facts = facts
  }

  get facts(): {
    readonly concurrent: number
    readonly queue: number
    readonly maxWaitMs: number
    readonly order: string
  } {
    return this.#facts
  }

  call(id: number, priority: number, now: number): void {
    const { concurrent, queue, order } = this.#facts
    if (this.running.length < concurrent) this.#start(id)
    else if (this.queue.length >= queue) this.log.push(`${id} refused`)
    else if (order === 'lifo') this.queue.unshift({ id, priority, since: now })
    else {
      const place = order === 'fifo' ? -1 : this.queue.findIndex((other) => other.priority < priority)
      this.queue.splice(place < 0 ? this.queue.length : place, 0, { id, priority, since: now })
    }
  }

  end(id: number): void {
    this.running = this.running.filter((other) => other !== id)
    const next = this.queue.shift()
    if (next !== undefined) this.#start(next.id)
  }

  abort(id: number): void {
    this.queue = this.queue.filter((waiter) => waiter.id !== id)
    this.log.push(`${id} aborted`)
  }

  expire(now: number): void {
    const late = this.queue.filter(({ since }) => now - since >= this.#facts.maxWaitMs)
    for (const { id } of late.toSorted((a, b) => a.since - b.since || a.id - b.id)) this.log.push(`${id} refused`)
    this.queue = this.queue.filter((waiter) => !late.includes(waiter))
  }

  #start(id: number): void {
    this.running.push(id)
    this.log.push(`${id} called`)
  }
}

/** One random schedule: calls, ends, aborts of those that wait and those that run, and time. */
async function play(chance: Chance): Promise<void> {
  const order = chance.pick(['fifo', 'lifo', 'priority'] as const) ?? 'fifo'
  const facts = { concurrent: 1 + chance.below(3), queue: chance.below(5), maxWaitMs: 40, order }
  const clock = new ManualClock()
  const bulkhead = new Bulkhead({ ...facts, clock })
  const model = new Model(facts)
  const log: string[] = []
  const calls: {
    readonly gate: Deferred
    readonly controller: AbortController
    isSettled: boolean
    hasEnded: boolean
  }[] = []

  const call = (): void => {
    const id = calls.length
    const one = { gate: new Deferred(), controller: new AbortController(), isSettled: false, hasEnded: false }
    calls.push(one)
    const priority = order === 'priority' ? chance.below(3) : 0
    model.call(id, priority, clock.now())
    const fn = (): Promise<void> => {
      log.push(`${id} called`)
      return one.gate.promise
    }
    bulkhead.execute(fn, { signal: one.controller.signal, priority }).then(
      () => {
        one.isSettled = true
      },
      (error: unknown) => {
        one.isSettled = true
        if (error === 'aborted') log.push(`${id} aborted`)
        else if (error instanceof BulkheadFullError) log.push(`${id} refused`)
      },
    )
  }
  const end = (): void => {
    const id = chance.pick(model.running)
    if (id === undefined) return
    if (chance.percent(30)) calls[id]?.gate.reject(new Error('failed'))
    else calls[id]?.gate.resolve()
    model.end(id)
  }
  const abort = (): void => {
    const id = chance.below(calls.length)
    const one = calls[id]
    if (one === undefined || one.isSettled || one.controller.signal.aborted) return
    one.controller.abort('aborted')
    model.abort(id)
  }

  for (let step = 6 + chance.below(16); step > 0; step--) {
    const dice = chance.below(100)
    if (dice < 45) call()
    else if (dice < 70) end()
    else if (dice < 88) abort()
    else {
      const ms = 5 * (1 + chance.below(5))
      await clock.advance(ms)
      model.expire(clock.now())
    }
    await turnMicrotasks(14)
    agree('log', log, model.log)
    agree('busy', [bulkhead.running, bulkhead.waiting], [model.running.length, model.queue.length])
  }
  while (model.running.length > 0) {
    end()
    await turnMicrotasks(14)
  }
  agree('log at the end', log, model.log)
  agree('busy at the end', [bulkhead.running, bulkhead.waiting, clock.pending], [0, 0, 0])
  const listeners = calls.reduce((sum, { controller }) => sum + getEventListeners(controller.signal, 'abort').length, 0)
  agree('listeners', listeners, 0)
}
