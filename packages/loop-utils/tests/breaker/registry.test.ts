import { describe, expect, it } from 'vitest'
import { BreakerRegistry, consecutive, type BreakerRegistryOptions } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { rejection } from '../settled.ts'
import { fail, succeed } from './driven.ts'

function registry(options: BreakerRegistryOptions = {}): { breakers: BreakerRegistry; clock: ManualClock } {
  const clock = new ManualClock()
  const breaker = { trip: consecutive(1), halfOpenAfterMs: 100, clock }
  return { breakers: new BreakerRegistry({ breaker, ...options }), clock }
}

const keysOf = (breakers: BreakerRegistry): string[] => [...breakers.entries()].map(([key]) => key)

describe('a registry of breakers', () => {
  it('gives each key a breaker of its own, named by the key', () => {
    const { breakers } = registry()
    fail(breakers.get('a'))
    expect(breakers.get('a').state).toBe('open')
    expect(breakers.get('b').state).toBe('closed')
    expect(breakers.get('a')).toBe(breakers.get('a'))
    expect(breakers.get('a').name).toBe('a')
    expect(breakers.size).toBe(2)
  })

  it('takes options by key', () => {
    const { breakers } = registry({
      breaker: (key) => ({ name: `device ${key}`, trip: consecutive(key === 'flaky' ? 3 : 1) }),
    })
    fail(breakers.get('flaky'), 2)
    fail(breakers.get('solid'))
    expect(breakers.get('flaky').state).toBe('closed')
    expect(breakers.get('solid').state).toBe('open')
    expect(breakers.get('solid').name).toBe('device solid')
  })

  it('keeps keys apart that objects would confuse', () => {
    const { breakers } = registry()
    for (const key of ['__proto__', 'constructor', 'toString']) fail(breakers.get(key))
    const other = registry().breakers
    other.restore(JSON.parse(JSON.stringify(breakers.snapshot())))
    expect(keysOf(other).sort()).toEqual(['__proto__', 'constructor', 'toString'])
    expect(other.get('__proto__').state).toBe('open')
  })

  it('gives up the one that was not asked for for longest', () => {
    const { breakers } = registry({ maxSize: 3 })
    const evicted: unknown[] = []
    breakers.on('evict', (eviction) => void evicted.push(eviction))
    for (const key of ['a', 'b', 'c']) breakers.get(key)
    breakers.get('a')
    expect(breakers.peek('b')).toBeDefined()
    breakers.get('d')
    expect(keysOf(breakers)).toEqual(['c', 'a', 'd'])
    expect(evicted).toEqual([{ key: 'b', state: 'closed' }])
  })

  it('never gives up one that protects somebody while another is closed', async () => {
    const { breakers, clock } = registry({ maxSize: 4 })
    fail(breakers.get('open'))
    breakers.get('isolated').isolate()
    fail(breakers.get('half-open'))
    await clock.advance(100)
    expect(breakers.get('half-open').state).toBe('half-open')
    fail(breakers.get('open'), 1)
    for (let key = 0; key < 50; key++) breakers.get(`closed ${key}`)
    expect(keysOf(breakers)).toEqual(['closed 49', 'isolated', 'half-open', 'open'])
  })

  it('keeps its bound even when none is closed: then the longest unasked goes', () => {
    const { breakers } = registry({ maxSize: 2 })
    for (const key of ['a', 'b', 'c']) fail(breakers.get(key))
    expect(keysOf(breakers)).toEqual(['b', 'c'])
    expect(breakers.get('a').state).toBe('closed')
  })

  it('notices when one closes that it was not asked for', async () => {
    const { breakers, clock } = registry({ maxSize: 2 })
    const held = breakers.get('a')
    fail(held)
    fail(breakers.get('b'))
    await clock.advance(100)
    succeed(held)
    breakers.get('c')
    expect(keysOf(breakers)).toEqual(['c', 'b'])
  })

  it('is not misled when somebody removes its listener', () => {
    const { breakers } = registry({ maxSize: 2 })
    const held = breakers.get('a')
    held.removeAllListeners()
    fail(held)
    breakers.get('b')
    breakers.get('c')
    expect(keysOf(breakers)).toEqual(['c', 'a'])
  })

  it('tells changes with their keys, until a breaker is deleted', () => {
    const { breakers } = registry()
    const seen: string[] = []
    breakers.on('change', ({ key, from, to }) => void seen.push(`${key}: ${from} → ${to}`))
    const a = breakers.get('a')
    fail(a)
    expect(breakers.delete('a')).toBe(true)
    expect(breakers.delete('a')).toBe(false)
    a.reset()
    expect(a.listenerCount('change')).toBe(0)
    expect(seen).toEqual(['a: closed → open'])
    expect(breakers.size).toBe(0)
  })

  it('does not take back a breaker that a listener deletes', () => {
    const { breakers } = registry()
    const a = breakers.get('a')
    a.prependListener('change', () => void breakers.delete('a'))
    fail(a)
    expect(breakers.size).toBe(0)
  })

  it('restores all breakers, or none', async () => {
    const { breakers, clock } = registry()
    fail(breakers.get('a'))
    await clock.advance(40)
    breakers.get('b')
    const snapshot = JSON.parse(JSON.stringify(breakers.snapshot()))
    const other = registry()
    other.breakers.restore(snapshot)
    expect(other.breakers.get('a').retryAfterMs()).toBe(60)
    expect(other.breakers.get('b').state).toBe('closed')
    const bad = registry().breakers
    expect(() => bad.restore({ ...snapshot, c: { version: 1, state: 'ajar' } })).toThrow(
      expect.objectContaining({ option: "snapshot['c'].state" }),
    )
    expect(bad.size).toBe(0)
    expect(() => other.breakers.restore(snapshot)).toThrow(expect.objectContaining({ option: "snapshot['b']" }))
    expect(() => bad.restore(null as never)).toThrow(expect.objectContaining({ option: 'snapshot' }))
  })

  it('keeps its bound when it restores more, and those that are open', () => {
    const { breakers } = registry()
    for (const key of ['a', 'b', 'c', 'd']) breakers.get(key)
    fail(breakers.get('b'))
    const small = registry({ maxSize: 2 }).breakers
    small.restore(breakers.snapshot())
    expect(keysOf(small)).toEqual(['d', 'b'])
  })

  it('disposes of all breakers, which refuse from then on', async () => {
    const { breakers } = registry()
    const held = breakers.get('a')
    breakers.on('change', () => undefined)
    breakers[Symbol.dispose]()
    expect(await rejection(held.execute(() => 1))).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED' })
    expect(breakers.size).toBe(0)
    expect(breakers.eventNames()).toEqual([])
  })

  it.each<[string, BreakerRegistryOptions]>([
    ['maxSize', { maxSize: 0 }],
    ['halfOpenAfterMs', { breaker: { halfOpenAfterMs: -1 } }],
    ['onError', { onError: 7 as never }],
  ])('refuses a bad %s at once', (option, options) => {
    expect(() => new BreakerRegistry(options)).toThrow(expect.objectContaining({ option }))
  })

  it('refuses a key that is no text', () => {
    expect(() => registry().breakers.get('')).toThrow(expect.objectContaining({ option: 'key' }))
    expect(() => new BreakerRegistry({ breaker: () => ({}) }).get(7 as never)).toThrow(
      expect.objectContaining({ option: 'key' }),
    )
  })
})
