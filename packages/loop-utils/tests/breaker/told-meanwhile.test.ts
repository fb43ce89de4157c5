import { describe, expect, it } from 'vitest'
import { custom } from '../../src/backoff/index.ts'
import { BreakerRegistry, CircuitBreaker, consecutive, type BreakerOptions } from '../../src/breaker/index.ts'
import { rejection } from '../settled.ts'
import { warning } from '../warning.ts'
import { driven, fail } from './driven.ts'

const ONCE: BreakerOptions = { trip: consecutive(1), halfOpenAfterMs: 100 }

describe('a circuit whose open time ends while it is isolated', () => {
  it('tells of the release alone, and then of nothing that was before', async () => {
    const { breaker, clock } = driven(ONCE)
    fail(breaker)
    const isolation = breaker.isolate()
    const seen: string[] = []
    breaker.on('change', ({ from, to, reason }) => void seen.push(`${from} → ${to}: ${reason}`))
    await clock.advance(100)
    isolation[Symbol.dispose]()
    expect(seen).toEqual(['isolated → half-open: released'])
    expect(breaker.state).toBe('half-open')
  })
})

describe('a circuit whose backoff throws', () => {
  const backoff = custom(({ attempt }) => (attempt === 1 ? 100 : -5))

  it('opens for as long as before, and its caller learns of the failure', async () => {
    const errors: unknown[] = []
    const options: BreakerOptions = { ...ONCE, halfOpenAfterMs: backoff, onError: (error) => void errors.push(error) }
    const { breaker, clock } = driven(options)
    fail(breaker)
    await clock.advance(100)
    const down = new Error('still down')
    expect(await rejection(breaker.execute(() => Promise.reject(down)))).toBe(down)
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['open', 100])
    expect(errors).toEqual([expect.objectContaining({ code: 'LOOP_OPTION', option: 'next()' })])
  })

  it('warns of it when there is nobody else to tell', async () => {
    const warned = warning('halfOpenAfterMs threw')
    const { breaker, clock } = driven({ ...ONCE, halfOpenAfterMs: backoff })
    fail(breaker)
    await clock.advance(100)
    fail(breaker)
    expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR' })
    const restored = CircuitBreaker.restore(breaker.snapshot(), { ...ONCE, clock })
    expect(restored.state).toBe('open')
  })
})

describe('who is told that a registry has given up a breaker', () => {
  it('gets the one of the key that it made room for', () => {
    const registry = new BreakerRegistry({ maxSize: 2 })
    registry.get('a')
    registry.get('b')
    const found: CircuitBreaker[] = []
    registry.on('evict', () => void found.push(registry.get('c')))
    expect(found).toEqual([])
    const breaker = registry.get('c')
    expect(found).toEqual([breaker])
    expect([...registry.entries()].map(([key]) => key)).toEqual(['b', 'c'])
  })
})
