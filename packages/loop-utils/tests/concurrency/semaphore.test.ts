import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { KeyedMutex, KeyedSemaphore, Mutex, Semaphore } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

describe('Semaphore', () => {
  it('lets no more functions run at a time than its capacity', async () => {
    const semaphore = new Semaphore(3)
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await turnMicrotasks(3)
      running--
    }
    await Promise.all(Array.from({ length: 40 }, () => semaphore.run(work)))
    expect(most).toBe(3)
    expect(semaphore.available).toBe(3)
  })

  it('serves one who asks for much before those who came later and ask for little', async () => {
    const semaphore = new Semaphore(3)
    const order: string[] = []
    const first = await semaphore.acquire({ permits: 2 })
    const much = semaphore.acquire({ permits: 3 }).then((permit) => {
      order.push('much')
      permit.release()
    })
    const little = semaphore.acquire().then((permit) => {
      order.push('little')
      permit.release()
    })
    expect(semaphore.tryAcquire()).toBeUndefined()
    first.release()
    await Promise.all([much, little])
    expect(order).toEqual(['much', 'little'])
  })

  it('serves those behind one who gives up', async () => {
    const semaphore = new Semaphore(3)
    const held = await semaphore.acquire({ permits: 2 })
    const controller = new AbortController()
    const much = rejection(semaphore.acquire({ permits: 3, signal: controller.signal }))
    const little = semaphore.acquire()
    controller.abort('enough')
    expect(await much).toBe('enough')
    const permit = await little
    expect(permit.isReleased).toBe(false)
    permit.release()
    held.release()
    expect(semaphore.available).toBe(3)
  })

  it('gives a permit back by using, once however often it is released', async () => {
    const semaphore = new Semaphore(1)
    {
      using permit = await semaphore.acquire()
      expect(semaphore.available).toBe(0)
      permit.release()
      permit.release()
      expect(permit.isReleased).toBe(true)
    }
    expect(semaphore.available).toBe(1)
  })

  it('gives its permit back when the function throws', async () => {
    const semaphore = new Semaphore(1)
    const failing = semaphore.run(() => {
      throw new Error('broken')
    })
    await expect(failing).rejects.toThrow('broken')
    expect(semaphore.available).toBe(1)
  })

  it('does not call the function when the abort comes between the grant and the call', async () => {
    const semaphore = new Semaphore(1)
    const held = await semaphore.acquire()
    const controller = new AbortController()
    let calls = 0
    const run = semaphore.run(() => calls++, { signal: controller.signal })
    held.release()
    controller.abort('in between')
    expect(await rejection(run)).toBe('in between')
    expect(calls).toBe(0)
    expect(semaphore.available).toBe(1)
  })

  it('refuses one more who would wait than it admits', async () => {
    const semaphore = new Semaphore(1, { maxWaiting: 1, name: 'radio' })
    const held = await semaphore.acquire()
    const waiting = semaphore.acquire()
    const error = await rejection(semaphore.acquire())
    expect(error).toBeInstanceOf(QueueOverflowError)
    expect(error).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', queue: 'queue of radio', capacity: 1 })
    held.release()
    const permit = await waiting
    permit.release()
  })

  it('refuses wrong options', async () => {
    expect(() => new Semaphore(0)).toThrow(OptionError)
    expect(() => new Semaphore(1.5)).toThrow('option capacity is 1.5')
    expect(() => new Semaphore(1, { maxWaiting: -1 })).toThrow('maxWaiting')
    const semaphore = new Semaphore(2)
    expect(() => semaphore.tryAcquire(3)).toThrow('option permits is 3; give an integer from 1 to 2')
    expect(() => semaphore.resize(0)).toThrow(OptionError)
    await expect(semaphore.acquire({ permits: 0 })).rejects.toThrow(OptionError)
    await expect(semaphore.acquire({ signal: {} as AbortSignal })).rejects.toThrow('option signal')
    await expect(semaphore.run(undefined as never)).rejects.toThrow('option fn')
  })

  it('takes off as many listeners as it adds, served or aborted', async () => {
    const semaphore = new Semaphore(1)
    const counted = new CountedSignal()
    const { signal } = counted
    await Promise.all(Array.from({ length: 50 }, () => semaphore.run(() => turnMicrotasks(1), { signal })))
    expect(counted.added).toBeGreaterThan(0)
    expect(counted.removed).toBe(counted.added)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    const held = await semaphore.acquire()
    const waits = Array.from({ length: 50 }, () => rejection(semaphore.acquire({ signal })))
    counted.controller.abort('all')
    expect(semaphore.waiting).toBe(0)
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['all']))
    expect(counted.removed).toBe(counted.added)
    held.release()
  })
})

describe('Mutex', () => {
  it('lets one in at a time, in order', async () => {
    const mutex = new Mutex()
    const log: string[] = []
    const section = (name: string) => async (): Promise<string> => {
      log.push(`${name} in`)
      await turnMicrotasks(2)
      log.push(`${name} out`)
      return name
    }
    expect(await Promise.all(['a', 'b', 'c'].map((name) => mutex.run(section(name))))).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
    expect(mutex.isHeld).toBe(false)
  })

  it('can be tried, waited for, aborted and closed', async () => {
    const mutex = new Mutex({ maxWaiting: 2 })
    const held = mutex.tryAcquire()
    expect(mutex.tryAcquire()).toBeUndefined()
    expect(mutex.isHeld).toBe(true)
    const aborted = rejection(mutex.acquire({ signal: AbortSignal.abort('no') }))
    const run = mutex.run(() => 'called', { signal: AbortSignal.abort('nor run') })
    expect(await rejection(run)).toBe('nor run')
    const closed = [rejection(mutex.acquire()), rejection(mutex.acquire())]
    expect(mutex.waiting).toBe(2)
    expect(await rejection(mutex.acquire())).toMatchObject({ queue: 'queue of mutex' })
    expect(mutex.rejectWaiting('closing')).toBe(2)
    expect(await aborted).toBe('no')
    expect(await Promise.all(closed)).toEqual(['closing', 'closing'])
    held?.release()
    expect(mutex.isHeld).toBe(false)
  })
})

describe('KeyedSemaphore', () => {
  it('bounds each key by itself and forgets keys that are not in use', async () => {
    const perHost = new KeyedSemaphore<string>(2)
    const most = new Map<string, number>()
    const running = new Map<string, number>()
    const work = (host: string) => async (): Promise<void> => {
      running.set(host, (running.get(host) ?? 0) + 1)
      most.set(host, Math.max(most.get(host) ?? 0, running.get(host) ?? 0))
      await turnMicrotasks(3)
      running.set(host, (running.get(host) ?? 0) - 1)
    }
    const hosts = Array.from({ length: 60 }, (_, index) => `host-${index % 5}`)
    const all = Promise.all(hosts.map((host) => perHost.run(host, work(host))))
    expect(perHost.size).toBe(5)
    expect(perHost.available('host-0')).toBe(0)
    expect(perHost.waiting('host-0')).toBe(10)
    await all
    expect([...most.values()]).toEqual([2, 2, 2, 2, 2])
    expect(perHost.size).toBe(0)
    expect(perHost.available('host-0')).toBe(2)
    expect(perHost.waiting('host-0')).toBe(0)
  })

  it('keeps a key while one waits, though all its permits are released at once', async () => {
    const perHost = new KeyedSemaphore<string>(1)
    const first = perHost.tryAcquire('h')
    const second = perHost.acquire('h')
    first?.release()
    expect(perHost.tryAcquire('h')).toBeUndefined()
    const permit = await second
    expect(perHost.size).toBe(1)
    permit.release()
    permit.release()
    expect(perHost.size).toBe(0)
  })

  it('leaves no key behind when a wait is aborted or refused', async () => {
    const perHost = new KeyedSemaphore<string>(1, { maxWaiting: 1 })
    expect(await rejection(perHost.acquire('h', { signal: AbortSignal.abort('no') }))).toBe('no')
    expect(perHost.size).toBe(0)
    const held = await perHost.acquire('h')
    const controller = new AbortController()
    const waiting = rejection(perHost.acquire('h', { signal: controller.signal }))
    await expect(perHost.acquire('h')).rejects.toThrow(QueueOverflowError)
    controller.abort('later')
    expect(await waiting).toBe('later')
    held.release()
    expect(perHost.size).toBe(0)
  })

  it('refuses more keys than it admits', async () => {
    const perHost = new KeyedSemaphore<string>(1, { maxKeys: 1, name: 'links' })
    const held = perHost.tryAcquire('a')
    expect(() => perHost.tryAcquire('b')).toThrow(QueueOverflowError)
    await expect(perHost.run('b', () => 1)).rejects.toThrow('keys of links is full at 1')
    held?.release()
    expect(await perHost.run('b', () => 1)).toBe(1)
    expect(() => new KeyedSemaphore(0)).toThrow(OptionError)
    expect(() => new KeyedSemaphore(1, { maxKeys: 0 })).toThrow(OptionError)
  })

  it('rejects those who wait for any key', async () => {
    const perHost = new KeyedSemaphore<number>(1)
    const held = [perHost.tryAcquire(1), perHost.tryAcquire(2)]
    const waits = [rejection(perHost.acquire(1)), rejection(perHost.acquire(2)), rejection(perHost.acquire(2))]
    expect(perHost.rejectWaiting('closing')).toBe(3)
    expect(await Promise.all(waits)).toEqual(['closing', 'closing', 'closing'])
    for (const permit of held) permit?.release()
    expect(perHost.size).toBe(0)
  })

  it('does not call the function when the abort comes between the grant and the call', async () => {
    const perHost = new KeyedSemaphore<string>(1)
    const held = await perHost.acquire('h')
    const controller = new AbortController()
    const run = perHost.run('h', () => 'called', { signal: controller.signal })
    held.release()
    controller.abort('in between')
    expect(await rejection(run)).toBe('in between')
    expect(perHost.size).toBe(0)
  })
})

describe('KeyedMutex', () => {
  it('orders what is done to one key and lets other keys go on', async () => {
    const mutex = new KeyedMutex<string>()
    const gate = new Deferred()
    const log: string[] = []
    const first = mutex.run('a', async () => {
      await gate.promise
      log.push('a1')
    })
    const second = mutex.run('a', () => log.push('a2'))
    await mutex.run('b', () => log.push('b1'))
    expect(mutex.isHeld('a')).toBe(true)
    expect(mutex.waiting('a')).toBe(1)
    expect(mutex.tryAcquire('a')).toBeUndefined()
    gate.resolve()
    await Promise.all([first, second])
    expect(log).toEqual(['b1', 'a1', 'a2'])
    expect(mutex.size).toBe(0)
    const held = await mutex.acquire('c')
    const waiting = rejection(mutex.acquire('c'))
    expect(mutex.rejectWaiting('closing')).toBe(1)
    expect(await waiting).toBe('closing')
    held.release()
  })
})
