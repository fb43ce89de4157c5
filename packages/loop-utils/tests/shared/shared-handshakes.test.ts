import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createHandshakeLimiter, handshakeLimiter } from '../../src/concurrency/index.ts'
import { ServiceStateError } from '../../src/errors/index.ts'
import { joinHandshakes, shareHandshakes, ThreadSemaphore } from '../../src/shared/index.ts'
import { Deferred } from '../concurrency/interleavings.ts'
import { rejection } from '../settled.ts'

async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('handshakes that threads share', () => {
  it('are bounded in all, and with a host on each thread', async () => {
    const { handle, limiter } = shareHandshakes(createHandshakeLimiter({ concurrent: 3, perHost: 2 }))
    const copy = structuredClone(handle)
    const threads = [limiter, joinHandshakes(copy, createHandshakeLimiter(copy))]
    const gate = new Deferred()
    let [running, most] = [0, 0]
    const shake = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await gate.promise
      await Promise.resolve()
      running--
    }
    const all = Promise.all(threads.flatMap((thread) => [1, 2, 3, 4].map(() => thread.run('bridge', shake))))
    await turns()
    // two with one host on the first thread, the third on the other
    expect(threads.map((thread) => thread.running)).toEqual([2, 1])
    expect(threads.map((thread) => thread.waiting)).toEqual([2, 3])
    gate.resolve()
    await all
    expect([most, limiter.total?.available]).toEqual([3, 3])
    expect(threads.map((thread) => [thread.running, thread.waiting])).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  it('count those that had begun before', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 2 })
    const before = [await limiter.acquire('a'), await limiter.acquire('b')]
    const { handle } = shareHandshakes(limiter)
    const other = joinHandshakes(handle, createHandshakeLimiter())
    expect(limiter.total?.available).toBe(0)
    const controller = new AbortController()
    const waiting = rejection(other.acquire('c', { signal: controller.signal }))
    await turns()
    expect(other.waiting).toBe(1)
    controller.abort('enough')
    expect(await waiting).toBe('enough')
    const served = other.acquire('c')
    before[0]?.release()
    before[0]?.release()
    const permit = await served
    expect(limiter.total?.available).toBe(0)
    permit.release()
    before[1]?.release()
    expect([limiter.total?.available, limiter.running, other.running]).toEqual([2, 0, 0])
  })

  it('cannot be joined by more that go on than there is room for', async () => {
    const { handle, limiter } = shareHandshakes(createHandshakeLimiter({ concurrent: 2 }))
    const held = await limiter.acquire('a')
    const late = createHandshakeLimiter()
    const running = [await late.acquire('a'), await late.acquire('b')]
    const refused = expect.objectContaining({ code: 'LOOP_SERVICE_STATE' })
    expect(() => joinHandshakes(handle, late)).toThrow(refused)
    expect(() => joinHandshakes(handle, late)).toThrow(
      '2 go on here and 1 on other threads; do so before the first one',
    )
    expect([late.total, limiter.total?.available]).toEqual([undefined, 1])
    for (const permit of [held, ...running]) permit.release()
    joinHandshakes(handle, late)
    expect(await late.run('a', () => limiter.total?.available)).toBe(1)
  })

  it('are shared or joined once; the same again is harmless', () => {
    const first = shareHandshakes(createHandshakeLimiter(), { maxThreads: 2 })
    const again = shareHandshakes(first.limiter)
    expect(again.handle).toEqual(first.handle)
    const joined = joinHandshakes(first.handle, createHandshakeLimiter())
    expect(joinHandshakes(first.handle, joined)).toBe(joined)
    // a thread that has joined can pass the handle on
    expect(shareHandshakes(joined).handle.buffer).toBe(first.handle.buffer)
    const others = shareHandshakes(createHandshakeLimiter())
    expect(() => joinHandshakes(others.handle, joined)).toThrow(ServiceStateError)
    expect(() => joinHandshakes(null as never)).toThrow('option handle')
    expect(() =>
      joinHandshakes({ ...others.handle, buffer: new SharedArrayBuffer(8) }, createHandshakeLimiter()),
    ).toThrow('the buffer of a ThreadSemaphore')
    expect(() => shareHandshakes(1 as never)).toThrow('option limiter')
    expect(() => shareHandshakes(createHandshakeLimiter(), { maxThreads: 0 })).toThrow('option maxThreads')
  })

  it('are by default those of the limiters that threads have', () => {
    const registered = Symbol.for('@x/loop-utils/handshake-limiter/1')
    const { handle } = shareHandshakes()
    expect(handle).toMatchObject({ concurrent: 16, perHost: 2 })
    expect(handshakeLimiter().total?.buffer).toBe(handle.buffer)
    expect(joinHandshakes(handle)).toBe(handshakeLimiter())
    expect(() => joinHandshakes({ ...handle, concurrent: 3 })).toThrow('option concurrent is 3')
    Reflect.deleteProperty(globalThis, registered)
  })

  it('of a thread that died are given back', () => {
    const { limiter, reclaimAtExit } = shareHandshakes(createHandshakeLimiter())
    const reclaimed: number[] = []
    const { total } = limiter
    Object.assign(total as ThreadSemaphore, { reclaim: (id: number) => reclaimed.push(id) })
    const worker = Object.assign(new EventEmitter(), { threadId: 77 })
    reclaimAtExit(worker as unknown as Worker)
    const spared = Object.assign(new EventEmitter(), { threadId: 78 })
    reclaimAtExit(spared as unknown as Worker)[Symbol.dispose]()
    worker.emit('exit', 1)
    spared.emit('exit', 1)
    expect(reclaimed).toEqual([77])
  })

  it('end for one thread alone when its limiter is disposed of', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 1 })
    const { handle } = shareHandshakes(limiter)
    const other = joinHandshakes(handle, createHandshakeLimiter())
    const held = await other.acquire('a')
    const waiting = rejection(limiter.acquire('a'))
    await turns()
    limiter[Symbol.dispose]()
    expect(await waiting).toMatchObject({
      code: 'LOOP_CANCELLED',
      message: 'handshakes of all threads was disposed of; make a new one of its buffer',
    })
    held.release()
    expect(await other.run('a', () => 'goes on')).toBe('goes on')
  })
})

describe('a ThreadSemaphore that is disposed of', () => {
  it('rejects who waits and who comes on this thread, and leaves permits that are held valid', async () => {
    const semaphore = new ThreadSemaphore(1)
    const elsewhere = new ThreadSemaphore(semaphore.buffer)
    const held = await semaphore.acquire()
    const waits = [rejection(semaphore.acquire()), rejection(semaphore.run(() => expect.unreachable()))]
    expect(semaphore.waiting).toBe(2)
    semaphore[Symbol.dispose]()
    semaphore[Symbol.dispose]()
    const gone = { code: 'LOOP_CANCELLED', message: 'thread semaphore was disposed of; make a new one of its buffer' }
    expect(await Promise.all(waits)).toMatchObject([gone, gone])
    // no wait is left in the engine
    expect(Atomics.notify(new Int32Array(semaphore.buffer), 2)).toBe(0)
    expect(semaphore.stats()).toEqual({ waiting: 0, served: 1, unserved: 2 })
    held.release()
    expect([semaphore.tryAcquire(), semaphore.available]).toEqual([undefined, 1])
    expect(await rejection(semaphore.acquire())).toMatchObject(gone)
    expect(() => semaphore.acquireSync()).toThrow(gone.message)
    expect(elsewhere.tryAcquire()).toBeDefined()
  })

  it('can reject all who wait without an end', async () => {
    const semaphore = new ThreadSemaphore(1)
    const held = await semaphore.acquire()
    const waiting = rejection(semaphore.acquire())
    expect([semaphore.rejectWaiting('closing'), await waiting]).toEqual([1, 'closing'])
    held.release()
    expect(await semaphore.run(() => 'again')).toBe('again')
  })
})
