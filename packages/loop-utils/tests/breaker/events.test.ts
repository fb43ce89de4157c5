import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { consecutive, type BreakerChange } from '../../src/breaker/index.ts'
import { rejection } from '../settled.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

describe('the events of a breaker', () => {
  it('tell each change once, with its reason', async () => {
    const { breaker, clock } = driven({ name: 'ccu', trip: consecutive(1), halfOpenAfterMs: 100 })
    const changes: string[] = []
    breaker.on('change', ({ name, from, to, reason, openMs }) => {
      changes.push(`${name}: ${from} → ${to} (${reason}, ${openMs})`)
    })
    fail(breaker)
    await clock.advance(100)
    fail(breaker)
    await clock.advance(100)
    succeed(breaker)
    const first = breaker.isolate()
    const second = breaker.isolate()
    first[Symbol.dispose]()
    second[Symbol.dispose]()
    breaker.disable()
    breaker.enable()
    fail(breaker)
    breaker.reset()
    breaker.reset()
    expect(changes).toEqual([
      'ccu: closed → open (tripped, 100)',
      'ccu: open → half-open (elapsed, 0)',
      'ccu: half-open → open (probe-failed, 100)',
      'ccu: open → half-open (elapsed, 0)',
      'ccu: half-open → closed (recovered, 0)',
      'ccu: closed → isolated (isolated, 0)',
      'ccu: isolated → closed (released, 0)',
      'ccu: closed → disabled (disabled, 0)',
      'ccu: disabled → closed (enabled, 0)',
      'ccu: closed → open (tripped, 100)',
      'ccu: open → closed (reset, 0)',
    ])
  })

  it('are told at the first look after the time has passed: no look sees the state before', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 100 })
    const seen: string[] = []
    breaker.on('change', ({ to }) => void seen.push(to))
    await clock.advance(7)
    expect(breaker.stats().stateMs).toBe(7)
    fail(breaker)
    await clock.advance(5000)
    expect(seen).toEqual(['open'])
    expect(breaker.stats()).toMatchObject({ state: 'half-open', stateMs: 4900 })
    expect(seen).toEqual(['open', 'half-open'])
  })

  it('tell how long an open circuit stays open from now on', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 100 })
    const seen: number[] = []
    breaker.on('change', ({ openMs }) => void seen.push(openMs))
    fail(breaker)
    const isolation = breaker.isolate()
    await clock.advance(30)
    isolation[Symbol.dispose]()
    expect(seen).toEqual([100, 0, 70])
  })

  it('carry the last error', () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const error = new Error('down')
    let told: BreakerChange | undefined
    breaker.on('change', (change) => {
      told = change
    })
    fail(breaker, 1, error)
    expect(told?.lastError).toBe(error)
  })

  it('come in order, also when a listener changes the state itself', () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const seen: string[] = []
    breaker.on('change', ({ to }) => {
      if (to === 'open') breaker.reset()
    })
    breaker.on('change', ({ from, to }) => void seen.push(`${from} → ${to}`))
    fail(breaker)
    expect(seen).toEqual(['closed → open', 'open → closed'])
    expect(breaker.state).toBe('closed')
  })

  it('tell refusals and probes', async () => {
    const { breaker, clock } = driven({ name: 'ccu', trip: consecutive(1), halfOpenAfterMs: 100 })
    const seen: unknown[] = []
    breaker.on('reject', (rejection) => void seen.push(rejection))
    breaker.on('probe', (probe) => void seen.push(probe))
    fail(breaker)
    breaker.tryAcquire()
    await clock.advance(100)
    permitOf(breaker)
    await rejection(breaker.execute(() => 1))
    expect(seen).toEqual([
      { name: 'ccu', state: 'open', retryAfterMs: 100, isRefused: true },
      { name: 'ccu', fraction: 0 },
      { name: 'ccu', state: 'half-open', retryAfterMs: 0, isRefused: true },
    ])
  })

  it('do no harm by listeners that throw or reject', async () => {
    const errors: unknown[] = []
    const { breaker, clock } = driven({ trip: consecutive(1), onError: (error) => errors.push(error) })
    const seen: string[] = []
    breaker.on('change', () => {
      throw new Error('sync')
    })
    breaker.on('change', async () => {
      await Promise.reject(new Error('async'))
    })
    breaker.on('change', ({ to }) => void seen.push(to))
    fail(breaker)
    await clock.settle()
    expect(seen).toEqual(['open'])
    expect(errors).toEqual([new Error('sync'), new Error('async')])
  })

  it('can be awaited by node:events', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const change = once(breaker as never, 'change')
    fail(breaker)
    expect(await change).toMatchObject([{ to: 'open' }])
  })
})

describe('observers', () => {
  it('are told by onEvent and by diagnostics_channel, under one name', async () => {
    const events: [string, object][] = []
    const { breaker, clock } = driven({
      name: 'observed',
      trip: consecutive(1),
      halfOpenAfterMs: 100,
      onEvent: (name, data) => events.push([name, data]),
    })
    const published: unknown[] = []
    const take = (message: unknown, name: string | symbol): void => void published.push([name, message])
    const names = ['change', 'reject', 'probe'].map((verb) => `x:loop-utils:breaker:${verb}`)
    for (const name of names) subscribe(name, take)
    try {
      fail(breaker)
      breaker.tryAcquire()
      await clock.advance(100)
      breaker.tryAcquire()
    } finally {
      for (const name of names) unsubscribe(name, take)
    }
    expect(events.map(([name]) => name)).toEqual([names[0], names[1], names[0], names[2]])
    expect(events).toEqual(published)
    expect(events[0]?.[1]).toMatchObject({ name: 'observed', from: 'closed', to: 'open', openMs: 100 })
  })
})
