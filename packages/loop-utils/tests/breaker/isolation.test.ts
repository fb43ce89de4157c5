import { describe, expect, it } from 'vitest'
import { CircuitIsolatedError, consecutive, countWindow } from '../../src/breaker/index.ts'
import { rejection } from '../settled.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

describe('isolate', () => {
  it('refuses all calls, with the reason, until released', async () => {
    const { breaker } = driven({ name: 'ccu' })
    const isolation = breaker.isolate('firmware update')
    expect(breaker.state).toBe('isolated')
    expect(breaker.retryAfterMs()).toBe(Infinity)
    expect(breaker.tryAcquire()).toBeNull()
    const error = await rejection(breaker.execute(() => 1))
    expect(error).toBeInstanceOf(CircuitIsolatedError)
    expect(error).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED', breaker: 'ccu', reason: 'firmware update' })
    expect(breaker.stats()).toMatchObject({ isolation: 'firmware update', rejected: 2 })
    isolation[Symbol.dispose]()
    expect(breaker.state).toBe('closed')
    expect(await breaker.execute(() => 1)).toBe(1)
  })

  it('ends when all who isolate have released, each once', () => {
    const { breaker } = driven()
    const first = breaker.isolate('first')
    const second = breaker.isolate('second')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(breaker.stats()).toMatchObject({ state: 'isolated', isolation: 'second' })
    second[Symbol.dispose]()
    expect(breaker.state).toBe('closed')
  })

  it('lets an open circuit go on from where time has brought it', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 1000 })
    fail(breaker)
    const isolation = breaker.isolate()
    await clock.advance(400)
    isolation[Symbol.dispose]()
    expect(breaker.retryAfterMs()).toBe(600)
    const again = breaker.isolate()
    await clock.advance(600)
    again[Symbol.dispose]()
    expect(breaker.state).toBe('half-open')
  })

  it('takes no notice of what was under way', () => {
    const { breaker } = driven({ trip: countWindow({ size: 2, failureRate: 1 }) })
    fail(breaker)
    const permit = permitOf(breaker)
    breaker.isolate()[Symbol.dispose]()
    permit.failure()
    fail(breaker)
    expect(breaker.stats()).toMatchObject({ state: 'closed', lateSettlements: 1 })
  })

  it('frees the places of probes', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 10 })
    fail(breaker)
    await clock.advance(10)
    permitOf(breaker)
    breaker.isolate()[Symbol.dispose]()
    expect(breaker.state).toBe('half-open')
    expect(breaker.tryAcquire()).not.toBeNull()
  })
})

describe('reset', () => {
  it('closes the circuit and forgets failures, the last error and what is under way', async () => {
    const { breaker, clock } = driven({ trip: consecutive(2), halfOpenAfterMs: 10 })
    const late = permitOf(breaker)
    fail(breaker, 2)
    breaker.reset()
    expect(breaker.stats()).toMatchObject({ state: 'closed', lastError: undefined, failures: 2 })
    late.failure()
    fail(breaker)
    expect(breaker.state).toBe('closed')
    fail(breaker)
    await clock.advance(10)
    expect(breaker.state).toBe('half-open')
    breaker.reset()
    expect(breaker.state).toBe('closed')
  })

  it('does not end an isolation, but what is found after it', () => {
    const { breaker } = driven({ trip: consecutive(1) })
    fail(breaker)
    const isolation = breaker.isolate()
    breaker.reset()
    expect(breaker.state).toBe('isolated')
    isolation[Symbol.dispose]()
    expect(breaker.state).toBe('closed')
  })
})

describe('disable', () => {
  it('admits every call, counts it, and never trips', () => {
    const { breaker } = driven({ trip: consecutive(1), disabled: true })
    expect(breaker.state).toBe('disabled')
    fail(breaker, 10)
    succeed(breaker, 2)
    expect(breaker.stats()).toMatchObject({ state: 'disabled', failures: 10, successes: 2, rejected: 0 })
    breaker.enable()
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
    breaker.disable()
    breaker.disable()
    succeed(breaker)
    breaker.enable()
    breaker.enable()
    expect(breaker.state).toBe('closed')
  })

  it('yields to an isolation', () => {
    const { breaker } = driven({ disabled: true })
    const isolation = breaker.isolate()
    expect(breaker.tryAcquire()).toBeNull()
    isolation[Symbol.dispose]()
    expect(breaker.state).toBe('disabled')
  })
})

describe('dispose', () => {
  it('refuses from then on and forgets its listeners', async () => {
    const { breaker } = driven()
    breaker.on('change', () => undefined)
    breaker[Symbol.dispose]()
    expect(await rejection(breaker.execute(() => 1))).toMatchObject({ reason: 'disposed' })
    expect(breaker.eventNames()).toEqual([])
  })
})
