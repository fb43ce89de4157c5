import { describe, expect, it } from 'vitest'
import { createHandshakeLimiter, handshakeLimiter } from '../../src/concurrency/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { ThreadSemaphore } from '../../src/shared/index.ts'
import { rejection } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

const REGISTERED = Symbol.for('@x/loop-utils/handshake-limiter/1')

describe('createHandshakeLimiter', () => {
  it('bounds handshakes in all and with each host', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 3, perHost: 2 })
    const running = new Map<string, number>()
    let total = 0
    let [mostTotal, mostOfHost] = [0, 0]
    const shake = (host: string) => async (): Promise<void> => {
      running.set(host, (running.get(host) ?? 0) + 1)
      mostOfHost = Math.max(mostOfHost, running.get(host) ?? 0)
      mostTotal = Math.max(mostTotal, ++total)
      await turnMicrotasks(5)
      total--
      running.set(host, (running.get(host) ?? 0) - 1)
    }
    const hosts = Array.from({ length: 40 }, (_, index) => (index % 5 === 0 ? 'small' : 'big'))
    const all = Promise.all(hosts.map((host) => limiter.run(host, shake(host))))
    await turnMicrotasks(4)
    expect(limiter.running).toBe(3)
    expect(limiter.waiting).toBe(37)
    await all
    expect([mostTotal, mostOfHost, limiter.running, limiter.waiting]).toEqual([3, 2, 0, 0])
  })

  it('lets other hosts go on while one does not answer', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 3, perHost: 2 })
    const gate = new Deferred()
    const stuck = Array.from({ length: 10 }, () => limiter.run('dead', () => gate.promise))
    await turnMicrotasks(10)
    expect(limiter.running).toBe(2)
    expect(await limiter.run('alive', () => 'connected')).toBe('connected')
    gate.resolve()
    await Promise.all(stuck)
  })

  it('gives its place at the host back when the wait among all is aborted', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 1, perHost: 1 })
    const held = await limiter.acquire('a')
    const atHost = new AbortController()
    const amongAll = new AbortController()
    const waits = [
      rejection(limiter.acquire('b', { signal: amongAll.signal })),
      rejection(limiter.acquire('a', { signal: atHost.signal })),
    ]
    await turnMicrotasks(6)
    expect(limiter.waiting).toBe(2)
    amongAll.abort('all')
    atHost.abort('host')
    expect(await Promise.all(waits)).toEqual(['all', 'host'])
    held.release()
    held.release()
    const other = await limiter.acquire('b')
    expect(limiter.running).toBe(1)
    const run = limiter.run('b', () => 'never', { signal: AbortSignal.abort('late') })
    expect(await rejection(run)).toBe('late')
    other.release()
    expect([limiter.running, limiter.waiting]).toEqual([0, 0])
  })

  it('does not call the function when the abort comes between the grant and the call', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 1 })
    const held = await limiter.acquire('a')
    const controller = new AbortController()
    let calls = 0
    const run = rejection(limiter.run('b', () => calls++, { signal: controller.signal }))
    await turnMicrotasks(6)
    held.release()
    controller.abort('in between')
    expect(await run).toBe('in between')
    expect([calls, limiter.running]).toEqual([0, 0])
  })

  it('counts who came, and rejects those who wait or come once it is disposed of', async () => {
    const limiter = createHandshakeLimiter({ concurrent: 2, perHost: 1 })
    const held = await limiter.acquire('a')
    const controller = new AbortController()
    const aborted = rejection(limiter.acquire('a', { signal: controller.signal }))
    const other = await limiter.acquire('b')
    const waits = [rejection(limiter.acquire('a')), rejection(limiter.run('c', () => expect.unreachable()))]
    controller.abort('enough')
    await aborted
    await turnMicrotasks()
    expect(limiter.stats()).toEqual({ running: 2, waiting: 2, acquired: 2, refused: 0, abandoned: 1 })
    limiter[Symbol.dispose]()
    for (const error of await Promise.all(waits)) expect(error).toMatchObject({ code: 'LOOP_CANCELLED' })
    expect(await rejection(limiter.acquire('d'))).toMatchObject({ code: 'LOOP_CANCELLED' })
    for (const permit of [held, other]) permit.release()
    expect(limiter.stats()).toEqual({ running: 0, waiting: 0, acquired: 2, refused: 1, abandoned: 3 })
  })

  it('refuses wrong options', async () => {
    expect(() => createHandshakeLimiter({ concurrent: 0 })).toThrow(OptionError)
    expect(() => createHandshakeLimiter({ perHost: 0 })).toThrow(OptionError)
    await expect(createHandshakeLimiter().acquire('')).rejects.toThrow('option host')
    await expect(createHandshakeLimiter().run('a', 1 as never)).rejects.toThrow('option fn')
  })
})

describe('a handshake limiter that shares with other threads', () => {
  it('counts those that go on, and those that come, and gives each place back once', async () => {
    const limiter = createHandshakeLimiter()
    const total = new ThreadSemaphore(3)
    const before = [await limiter.acquire('a'), await limiter.acquire('b')]
    limiter.shareBy(total)
    expect([limiter.total, total.available]).toEqual([total, 1])
    const after = await limiter.acquire('c')
    expect(total.available).toBe(0)
    const waiting = limiter.acquire('d')
    after.release()
    const last = await waiting
    expect([limiter.running, total.available]).toEqual([3, 0])
    for (const [index, permit] of [last, ...before].entries()) {
      permit.release()
      permit.release()
      expect(total.available).toBe(index + 1)
    }
  })

  it('says why it cannot, and takes no place then', async () => {
    const limiter = createHandshakeLimiter()
    const total = new ThreadSemaphore(3)
    expect(total.tryAcquire(2)).toBeDefined()
    const permits = [await limiter.acquire('a'), await limiter.acquire('b')]
    expect(() => limiter.shareBy(total)).toThrow(
      expect.objectContaining({
        code: 'LOOP_SERVICE_STATE',
        operation: 'share handshakes',
        state: '2 go on here and 2 on other threads',
        message: expect.stringContaining('do so before the first one') as string,
      }) as Error,
    )
    expect([limiter.total, total.available]).toEqual([undefined, 1])
    for (const permit of permits) permit.release()
    limiter.shareBy(total)
    expect(() => limiter.shareBy(total)).toThrow(
      expect.objectContaining({ operation: 'share handshakes', state: 'they are shared already' }) as Error,
    )
    expect(total.available).toBe(1)
  })
})

describe('handshakeLimiter', () => {
  it('is one for all copies of the package on a thread, made when somebody asks', async () => {
    const registry = globalThis as { [REGISTERED]?: unknown }
    // importing the package does not make it
    expect(registry[REGISTERED]).toBeUndefined()
    const limiter = handshakeLimiter({ concurrent: 2 })
    expect(limiter).toMatchObject({ concurrent: 2, perHost: 2 })
    expect(handshakeLimiter()).toBe(limiter)
    // nobody ends what others rely on
    expect(Symbol.dispose in limiter).toBe(false)
    expect(handshakeLimiter({ concurrent: 2, perHost: 2 })).toBe(limiter)
    expect(() => handshakeLimiter({ concurrent: 3 })).toThrow('option concurrent is 3; give 2, the limit that holds')
    // a second copy of the sources, as a duplicate install is
    const path = new URL('../../src/concurrency/handshake-limiter.ts?copy', import.meta.url).href
    const copy = (await import(/* @vite-ignore */ path)) as {
      handshakeLimiter: typeof handshakeLimiter
    }
    expect(copy.handshakeLimiter).not.toBe(handshakeLimiter)
    expect(copy.handshakeLimiter()).toBe(limiter)
    expect(() => copy.handshakeLimiter({ perHost: 9 })).toThrow('perHost')
    delete registry[REGISTERED]
  })
})
