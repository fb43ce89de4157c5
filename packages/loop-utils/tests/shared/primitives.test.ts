import { threadId } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError, ServiceStateError, TimeoutError } from '../../src/errors/index.ts'
import { AtomicMemory, FIRST_CELL } from '../../src/shared/atomic-memory.ts'
import { blockOn } from '../../src/shared/block-on.ts'
import { CHANGES } from '../../src/shared/counter-protocol.ts'
import { CounterRangeError, ThreadCounter, ThreadLatch, ThreadSemaphore } from '../../src/shared/index.ts'
import { awaitOpen, COUNT } from '../../src/shared/latch-protocol.ts'
import { runSteps } from '../../src/shared/run-steps.ts'
import { FREE } from '../../src/shared/semaphore-protocol.ts'
import { CountedSignal } from '../counted-signal.ts'

/** How many waits on a cell the engine still has. Ends them. */
function leftBehind(buffer: SharedArrayBuffer, cell: number): number {
  return Atomics.notify(new Int32Array(buffer), cell)
}

async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('ThreadLatch', () => {
  it('opens at 0 for all who wait, and stays open', async () => {
    const latch = new ThreadLatch(3)
    const other = new ThreadLatch(latch.buffer)
    const waiting = [latch.wait(), other.wait(), latch.wait({ ref: true })]
    expect([latch.waiting, other.waiting]).toEqual([2, 1])
    expect(other.countDown(2)).toBe(1)
    await turns()
    expect([latch.count, latch.isOpen, latch.waiting]).toEqual([1, false, 2])
    expect(latch.countDown(5)).toBe(0)
    expect(await Promise.all(waiting)).toEqual([true, true, true])
    expect(await other.wait({ timeoutMs: 0 })).toBe(true)
    expect([latch.isOpen, latch.waiting, other.countDown()]).toEqual([true, 0, 0])
  })

  it('tells by false that the time is over, and leaves nothing in the engine', async () => {
    const clock = new ManualClock()
    const latch = new ThreadLatch(1, { clock })
    const waiting = latch.wait({ timeoutMs: 100 })
    await clock.advance(100)
    expect(await waiting).toBe(false)
    expect(clock.pending).toBe(0)
    expect(leftBehind(latch.buffer, COUNT)).toBe(0)
  })

  it('rejects with the reason of an abort at once, and leaves neither listener nor wait', async () => {
    const latch = new ThreadLatch(1)
    const counted = new CountedSignal()
    const reason = new Error('enough')
    const waiting = [latch.wait({ signal: counted.signal }), latch.wait({ signal: counted.signal })]
    counted.controller.abort(reason)
    for (const one of waiting) await expect(one).rejects.toBe(reason)
    await expect(latch.wait({ signal: counted.signal })).rejects.toBe(reason)
    expect(counted.added).toBeGreaterThan(0)
    expect(counted.removed).toBe(counted.added)
    expect(leftBehind(latch.buffer, COUNT)).toBe(0)
    // and it works on, although the engine still has to tell of the wait that was ended
    const later = latch.wait()
    latch.countDown()
    expect(await later).toBe(true)
  })

  it('costs the engine one wait, however many wait', async () => {
    const latch = new ThreadLatch(1)
    const waiting = Array.from({ length: 100 }, () => latch.wait())
    expect(leftBehind(latch.buffer, COUNT)).toBe(1)
    await turns()
    expect(latch.waiting).toBe(100)
    latch.countDown()
    expect((await Promise.all(waiting)).every(Boolean)).toBe(true)
  })

  it('bounds those who wait', async () => {
    const latch = new ThreadLatch(1, { maxWaiting: 1, name: 'start' })
    const waiting = latch.wait()
    await expect(latch.wait()).rejects.toThrow(QueueOverflowError)
    await expect(latch.wait()).rejects.toThrow('queue of start')
    latch.countDown()
    await waiting
  })

  it('refuses counts, buffers and options it cannot use', async () => {
    expect(() => new ThreadLatch(-1)).toThrow(OptionError)
    expect(() => new ThreadLatch(1.5)).toThrow(OptionError)
    expect(() => new ThreadLatch(2 ** 31)).toThrow(OptionError)
    expect(() => new ThreadLatch(null as unknown as number)).toThrow('the buffer of a ThreadLatch')
    expect(() => new ThreadLatch(new ThreadCounter().buffer)).toThrow('the buffer of a ThreadLatch')
    expect(() => new ThreadLatch(new SharedArrayBuffer(4))).toThrow(OptionError)
    expect(() => new ThreadLatch(1, { maxWaiting: -1 })).toThrow(OptionError)
    const latch = new ThreadLatch(1)
    expect(() => latch.countDown(0)).toThrow(OptionError)
    await expect(latch.wait({ timeoutMs: NaN })).rejects.toBeInstanceOf(OptionError)
    await expect(latch.wait({ ref: 'no' as unknown as boolean })).rejects.toBeInstanceOf(OptionError)
    await expect(latch.wait({ signal: {} as AbortSignal })).rejects.toBeInstanceOf(OptionError)
  })
})

describe('ThreadCounter', () => {
  it('counts for all who have its buffer', () => {
    const counter = new ThreadCounter(5)
    const other = new ThreadCounter(counter.buffer)
    expect([counter.increment(), other.add(10), counter.decrement(), other.add(-20), other.add(0)]).toEqual([
      6, 16, 15, -5, -5,
    ])
    expect(other.compareAndSet(-5, 100)).toBe(true)
    expect(other.compareAndSet(-5, 7)).toBe(false)
    expect(counter.value).toBe(100)
  })

  it('resolves with the value that meets the condition', async () => {
    const counter = new ThreadCounter()
    const waiting = [
      counter.waitFor({ atLeast: 3 }),
      counter.waitFor({ atMost: -1 }),
      counter.waitFor({ atLeast: 2, atMost: 2 }),
    ]
    expect(await counter.waitFor({ atLeast: 0 })).toBe(0)
    counter.add(2)
    expect(await waiting[2]).toBe(2)
    counter.add(5)
    expect(await waiting[0]).toBe(7)
    counter.compareAndSet(7, -1)
    expect(await waiting[1]).toBe(-1)
    expect(leftBehind(counter.buffer, CHANGES)).toBe(0)
  })

  it('tells by undefined that the time is over', async () => {
    const clock = new ManualClock()
    const counter = new ThreadCounter(0, { clock })
    const waiting = counter.waitFor({ atLeast: 1 }, { timeoutMs: 7 })
    await clock.advance(7)
    expect(await waiting).toBeUndefined()
    expect(leftBehind(counter.buffer, CHANGES)).toBe(0)
  })

  it('refuses to leave the safe integers, and stays as it was', () => {
    const counter = new ThreadCounter(Number.MAX_SAFE_INTEGER, { name: 'frames' })
    expect(() => counter.increment()).toThrow(CounterRangeError)
    expect(() => counter.increment()).toThrow('frames cannot take 1 more')
    expect(counter.value).toBe(Number.MAX_SAFE_INTEGER)
    const low = new ThreadCounter(Number.MIN_SAFE_INTEGER)
    expect(() => low.decrement()).toThrow(CounterRangeError)
  })

  it('refuses conditions and values that make no sense', async () => {
    const counter = new ThreadCounter()
    await expect(counter.waitFor({})).rejects.toBeInstanceOf(OptionError)
    await expect(counter.waitFor({ atLeast: 2, atMost: 1 })).rejects.toBeInstanceOf(OptionError)
    await expect(counter.waitFor({ atLeast: 0.5 })).rejects.toBeInstanceOf(OptionError)
    expect(() => counter.add(0.5)).toThrow(OptionError)
    expect(() => counter.compareAndSet(0, 2 ** 60)).toThrow(OptionError)
    expect(() => new ThreadCounter(NaN)).toThrow(OptionError)
    expect(() => counter.waitForSync({ atLeast: 0 }, -1)).toThrow(OptionError)
  })
})

describe('ThreadSemaphore', () => {
  it('lets as many in as there are permits, and gives back once', async () => {
    const semaphore = new ThreadSemaphore(2)
    const other = new ThreadSemaphore(semaphore.buffer)
    const first = await semaphore.acquire()
    const second = other.tryAcquire()
    expect([semaphore.available, semaphore.capacity, semaphore.tryAcquire()]).toEqual([0, 2, undefined])
    first.release()
    first.release()
    expect(other.available).toBe(1)
    second?.release()
    expect(semaphore.available).toBe(2)
  })

  it('serves those who wait on a loop in their order, one that wants more not overtaken', async () => {
    const semaphore = new ThreadSemaphore(2)
    const held = [await semaphore.acquire(), await semaphore.acquire()]
    const order: string[] = []
    const wait = (name: string, permits: number): Promise<void> =>
      semaphore.acquire({ permits }).then((permit) => {
        order.push(name)
        permit.release()
      })
    const waiting = [wait('a', 2), wait('b', 1), wait('c', 1)]
    held[0]?.release()
    await turns()
    expect(order).toEqual([])
    expect(semaphore.tryAcquire()).toBeUndefined()
    held[1]?.release()
    await Promise.all(waiting)
    expect(order[0]).toBe('a')
    expect(order.slice(1)).toEqual(['b', 'c'])
    expect([semaphore.available, semaphore.waiting]).toEqual([2, 0])
    expect(leftBehind(semaphore.buffer, FREE)).toBe(0)
  })

  it('lets the next go when the first gives up, and leaves nothing behind', async () => {
    const clock = new ManualClock()
    const semaphore = new ThreadSemaphore(2, { clock, name: 'handshakes' })
    const held = await semaphore.acquire()
    const counted = new CountedSignal()
    const reason = new Error('gone')
    const both = semaphore.acquire({ permits: 2, signal: counted.signal })
    const timed = semaphore.acquire({ permits: 2, timeoutMs: 50 }).catch((error: unknown) => error)
    const one = semaphore.acquire()
    counted.controller.abort(reason)
    await expect(both).rejects.toBe(reason)
    await clock.advance(50)
    expect(await timed).toBeInstanceOf(TimeoutError)
    expect(await timed).toMatchObject({ message: expect.stringContaining('acquisition of handshakes') as string })
    const permit = await one
    expect(semaphore.available).toBe(0)
    permit.release()
    held.release()
    expect(counted.removed).toBe(counted.added)
    expect(clock.pending).toBe(0)
    expect(leftBehind(semaphore.buffer, FREE)).toBe(0)
  })

  it('releases when the function has settled, and does not call it after an abort', async () => {
    const semaphore = new ThreadSemaphore(1)
    const fault = new Error('inside')
    await expect(semaphore.run(() => Promise.reject(fault))).rejects.toBe(fault)
    expect(await semaphore.run(() => 'done')).toBe('done')
    const controller = new AbortController()
    let isCalled = false
    const held = await semaphore.acquire()
    const running = semaphore.run(
      () => {
        isCalled = true
      },
      { signal: controller.signal },
    )
    controller.abort(fault)
    held.release()
    await expect(running).rejects.toBe(fault)
    expect(isCalled).toBe(false)
    expect(semaphore.available).toBe(1)
  })

  it('reclaims nothing of a thread that never held any, and not its own', () => {
    const semaphore = new ThreadSemaphore(1)
    expect(semaphore.reclaim(4711)).toBe(0)
    expect(() => semaphore.reclaim(threadId)).toThrow(ServiceStateError)
    expect(() => semaphore.reclaim(-1)).toThrow(OptionError)
  })

  it('refuses what it cannot do', async () => {
    expect(() => new ThreadSemaphore(0)).toThrow(OptionError)
    expect(() => new ThreadSemaphore(1, { maxThreads: 0 })).toThrow(OptionError)
    expect(() => new ThreadSemaphore(new ThreadLatch(1).buffer)).toThrow('the buffer of a ThreadSemaphore')
    const semaphore = new ThreadSemaphore(2)
    await expect(semaphore.acquire({ permits: 3 })).rejects.toBeInstanceOf(OptionError)
    expect(() => semaphore.tryAcquire(0)).toThrow(OptionError)
    await expect(semaphore.run(1 as unknown as () => void)).rejects.toBeInstanceOf(OptionError)
  })
})

describe('blockOn', () => {
  const KIND = { name: 'test', tag: 1, bytes: (FIRST_CELL + 2) * 4 }

  it('ends at once, after the time, or when it is woken', async () => {
    const memory = AtomicMemory.create(KIND)
    expect(blockOn(memory, () => awaitOpen(memory), 0)).toEqual({ isInTime: true, value: true })
    memory.store(COUNT, 1)
    expect(blockOn(memory, () => awaitOpen(memory), 5)).toEqual({ isInTime: false })
  })

  it('has a counterpart for protocols that never sleep, which says so', () => {
    const memory = AtomicMemory.create(KIND)
    memory.store(COUNT, 1)
    expect(() => runSteps(awaitOpen(memory))).toThrow('a protocol that never sleeps wanted to')
  })
})
