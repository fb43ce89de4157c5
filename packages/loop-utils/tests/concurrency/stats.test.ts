import { describe, expect, it } from 'vitest'
import {
  KeyedMutex,
  KeyedSemaphore,
  Mutex,
  RwLock,
  Semaphore,
  Singleflight,
  TaskGroup,
} from '../../src/concurrency/index.ts'
import { never, rejection, settled } from '../settled.ts'
import { Deferred } from './interleavings.ts'

describe('stats', () => {
  it('of a semaphore tell what became of everybody who came', async () => {
    const semaphore = new Semaphore(2, { maxWaiting: 3 })
    expect(semaphore.stats()).toEqual({ capacity: 2, held: 0, waiting: 0, acquired: 0, refused: 0, abandoned: 0 })
    const both = await semaphore.acquire({ permits: 2 })
    semaphore.tryAcquire()
    const controller = new AbortController()
    const served = semaphore.acquire()
    const aborted = rejection(semaphore.acquire({ signal: controller.signal }))
    const tooMuch = rejection(semaphore.acquire({ permits: 2 }))
    await rejection(semaphore.acquire())
    await rejection(semaphore.acquire({ permits: 3 }))
    expect(semaphore.stats()).toEqual({ capacity: 2, held: 2, waiting: 3, acquired: 1, refused: 2, abandoned: 0 })
    controller.abort('enough')
    semaphore.resize(1)
    await Promise.all([aborted, tooMuch])
    expect(semaphore.stats()).toEqual({ capacity: 1, held: 2, waiting: 1, acquired: 1, refused: 2, abandoned: 2 })
    both.release()
    const permit = await served
    const rejected = rejection(semaphore.acquire())
    semaphore.rejectWaiting('closing')
    await rejected
    expect(semaphore.stats()).toEqual({ capacity: 1, held: 1, waiting: 0, acquired: 2, refused: 2, abandoned: 3 })
    permit.release()
    await semaphore.run(() => undefined)
    expect(semaphore.stats()).toMatchObject({ held: 0, acquired: 3 })
  })

  it('of a mutex are those of a semaphore with one permit', async () => {
    const mutex = new Mutex()
    const permit = await mutex.acquire()
    mutex.tryAcquire()
    expect(mutex.stats()).toEqual({ capacity: 1, held: 1, waiting: 0, acquired: 1, refused: 1, abandoned: 0 })
    permit.release()
  })

  it('of keyed ones sum up all keys, those that are gone included', async () => {
    const perHost = new KeyedSemaphore<string>(1, { maxKeys: 2, maxWaiting: 1 })
    const [a, b] = [await perHost.acquire('a'), await perHost.acquire('b')]
    await rejection(perHost.acquire('c'))
    perHost.tryAcquire('b')
    const waiting = perHost.acquire('b')
    await rejection(perHost.acquire('b'))
    expect(perHost.stats()).toEqual({ keys: 2, held: 2, waiting: 1, acquired: 2, refused: 3, abandoned: 0 })
    b.release()
    const rejected = rejection(perHost.acquire('a'))
    perHost.rejectWaiting('closing')
    const second = await waiting
    await rejected
    for (const permit of [a, second]) permit.release()
    expect(perHost.stats()).toEqual({ keys: 0, held: 0, waiting: 0, acquired: 3, refused: 3, abandoned: 1 })
    const mutex = new KeyedMutex<string>()
    await mutex.run('a', () => expect(mutex.stats()).toMatchObject({ keys: 1, held: 1 }))
    expect(mutex.stats()).toMatchObject({ keys: 0, acquired: 1 })
  })

  it('of a lock tell who is inside', async () => {
    const lock = new RwLock()
    const readers = [await lock.acquireRead(), await lock.acquireRead()]
    const writer = lock.acquireWrite()
    lock.tryAcquireRead()
    expect(lock.stats()).toEqual({ readers: 2, writers: 0, waiting: 1, acquired: 2, refused: 1, abandoned: 0 })
    for (const reader of readers) reader.release()
    await writer
    expect(lock.stats()).toEqual({ readers: 0, writers: 1, waiting: 0, acquired: 3, refused: 1, abandoned: 0 })
  })

  it('of a singleflight tell calls from those that joined them', async () => {
    const flights = new Singleflight<string, number>({ maxKeys: 1, maxWaiting: 2 })
    const gate = new Deferred<number>()
    const calls = [flights.run('a', () => gate.promise), flights.run('a', never)]
    await rejection(flights.run('a', never))
    await rejection(flights.run('b', never))
    expect(flights.stats()).toEqual({ flights: 1, waiting: 2, called: 1, joined: 1, refused: 2 })
    gate.resolve(1)
    await Promise.all(calls)
    const controller = new AbortController()
    const left = rejection(flights.run('a', never, { signal: controller.signal }))
    controller.abort('enough')
    await left
    expect(flights.stats()).toEqual({ flights: 0, waiting: 0, called: 2, joined: 1, refused: 2 })
  })

  it('of a task group tell how its tasks ended', async () => {
    const group = new TaskGroup({ maxTasks: 3 })
    await group.run(() => 1)
    group.spawn(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const gate = new Deferred()
    group.spawn(() => gate.promise)
    group.spawn(() => gate.promise.catch(() => Promise.reject(new Error('broken, too'))))
    expect(() => group.spawn(never)).toThrow('tasks of task group is full at 3')
    expect(group.stats()).toEqual({ running: 3, succeeded: 1, failed: 0, cancelled: 0, refused: 1 })
    gate.reject(new Error('broken'))
    await settled(group.join())
    expect(group.stats()).toEqual({ running: 0, succeeded: 1, failed: 2, cancelled: 1, refused: 1 })
  })

  it('of a background group count failures, too', async () => {
    const errors: unknown[] = []
    const group = new TaskGroup({ mode: 'background', onError: (error) => errors.push(error) })
    group.spawn(() => Promise.reject(new Error('broken')))
    await group.join()
    expect([group.stats().failed, errors.length]).toEqual([1, 1])
  })
})
