import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { CHANNELS } from '../../src/adapters/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { LoopManager } from '../../src/loop-manager/index.ts'
import type { OnEvent } from '../../src/observe/index.ts'
import { all, gcra, tokenBucket } from '../../src/rate/index.ts'
import { ThreadCounter, ThreadLatch, ThreadSemaphore } from '../../src/shared/index.ts'
import { never, rejection, settled } from '../settled.ts'
import { PARTS, type Seen } from './parts.ts'

/** Keeps what an observer is told. */
function notes(): { readonly seen: Seen[]; readonly onEvent: OnEvent } {
  const seen: Seen[] = []
  return { seen, onEvent: (name, data) => void seen.push({ name: name.replace('x:loop-utils:', ''), data }) }
}

describe('what is told', () => {
  it.each(PARTS)('by %s', async (_, run, expected) => {
    const { seen, onEvent } = notes()
    await run(onEvent)
    expect(seen).toEqual(expected)
  })

  it.each(PARTS)('by %s, is told on channels, too, which are listed with their fields', async (_, run, expected) => {
    const told: Seen[] = []
    const listener = (data: unknown, name: string | symbol): void =>
      void told.push({ name: String(name).replace('x:loop-utils:', ''), data: data as Seen['data'] })
    const names = [...new Set(expected.map(({ name }) => `x:loop-utils:${name}`))]
    for (const name of names) subscribe(name, listener)
    await run()
    for (const name of names) unsubscribe(name, listener)
    expect(told).toEqual(expected)
    for (const { name, data } of told) {
      const channel = CHANNELS.find((one) => one.name === `x:loop-utils:${name}`)
      expect(channel?.fields).toEqual(expect.arrayContaining(Object.keys(data)))
    }
  })
})

describe('what is counted', () => {
  it('by a loop manager: what runs, and how it ended', async () => {
    const manager = new LoopManager({ onError: () => undefined })
    await manager.spawn('good', () => 1).result
    const bad = manager.spawn('bad', () => Promise.reject(new Error('bad')))
    await settled(bad.result)
    const cancelled = manager.spawn(
      'cancelled',
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    )
    manager.spawn('deaf', never)
    await Promise.resolve()
    cancelled.cancel()
    await settled(cancelled.result)
    expect(manager.stats()).toEqual({
      tasks: 1,
      threads: 0,
      finished: 1,
      cancelled: 1,
      failed: 1,
      abandoned: 0,
      exited: 0,
    })
    await manager.close({ deadlineMs: 1 })
    expect(manager.stats()).toMatchObject({ tasks: 0, abandoned: 1 })
  })

  it('by what threads share: waits on this loop', async () => {
    const semaphore = new ThreadSemaphore(1)
    const held = await semaphore.acquire()
    const waiting = semaphore.acquire()
    const refused = rejection(semaphore.acquire({ signal: AbortSignal.abort() }))
    await refused
    expect(semaphore.stats()).toEqual({ waiting: 1, served: 1, unserved: 0 })
    held.release()
    ;(await waiting).release()
    expect(semaphore.stats()).toEqual({ waiting: 0, served: 2, unserved: 0 })
    expect(await new ThreadLatch(1).wait({ timeoutMs: 1, ref: true })).toBe(false)
    const counter = new ThreadCounter(1)
    await counter.waitFor({ atLeast: 1 })
    expect(counter.stats()).toEqual({ waiting: 0, served: 1, unserved: 0 })
  })

  it('by a limiter that is part of a combined one: what that took, too', () => {
    const clock = new ManualClock()
    const [site, device] = [tokenBucket({ capacity: 10, clock }), gcra({ limit: 1, burst: 1, clock })]
    const both = all(site, device)
    both.tryAcquire()
    site.tryAcquire(3)
    const reservation = both.reserve()
    expect([site, device, both].map((limiter) => limiter.stats().taken)).toEqual([5, 2, 2])
    const later = both.reserve()
    expect(site.stats().taken).toBe(6)
    expect([reservation?.cancel(), later?.cancel()]).toEqual([false, true])
    expect([site, device, both].map((limiter) => limiter.stats().taken)).toEqual([5, 2, 2])
  })
})
