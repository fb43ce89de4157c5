import { getEventListeners } from 'node:events'
import { setTimeout as realWait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ManualClock, seeded, systemClock } from '../../src/clock/index.ts'
import { rejection } from '../settled.ts'

describe('wrong values', () => {
  it.each<[string, () => unknown]>([
    ['startMs', () => new ManualClock({ startMs: NaN })],
    ['wallMs', () => new ManualClock({ wallMs: Infinity })],
    ['ms', () => new ManualClock().jumpWall(NaN)],
    ['ms', () => new ManualClock().setTimer(() => {}, NaN)],
    ['seed', () => seeded(0.5)],
  ])('name %s', (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it.each<[string, () => Promise<unknown>]>([
    ['ms', () => new ManualClock().advance(-1)],
    ['limit', () => new ManualClock().runAll({ limit: 0 })],
  ])('name %s in what they reject with', async (option, move) => {
    expect(await rejection(move())).toMatchObject({ code: 'LOOP_OPTION', option })
  })
})

describe('ManualClock', () => {
  it('tells how long it is until the next timer, wherever it stands', async () => {
    const clock = new ManualClock({ startMs: 100 })
    clock.setTimer(() => {}, 30)
    await clock.advance(10)
    expect([clock.now(), clock.nextTimerMs]).toEqual([110, 20])
  })

  it('takes a time that has passed for now', () => {
    const clock = new ManualClock()
    clock.setTimer(() => {}, -5)
    expect(clock.nextTimerMs).toBe(0)
  })

  it('lets what is ready run without moving time', async () => {
    const clock = new ManualClock()
    const seen: string[] = []
    setImmediate(() => seen.push('immediate'))
    clock.setTimer(() => seen.push('timer'), 0)
    await clock.settle()
    expect([seen, clock.now()]).toEqual([['immediate'], 0])
  })

  it('keeps the other timers when one is disposed of again', () => {
    const clock = new ManualClock()
    const timers = [1, 2, 3].map((ms) => clock.setTimer(() => {}, ms))
    timers[0]?.[Symbol.dispose]()
    timers[0]?.[Symbol.dispose]()
    expect([clock.pending, clock.nextTimerMs]).toEqual([2, 2])
  })

  it('tells how many timers ran away', async () => {
    const clock = new ManualClock()
    const repeat = (): void => void clock.setTimer(repeat, 1)
    repeat()
    expect(await rejection(clock.runAll({ limit: 3 }))).toMatchObject({
      name: 'RunawayTimersError',
      message: '3 timers fired and more are pending; use advance(ms) when something repeats for ever',
    })
  })
})

describe('seeded', () => {
  it('tells seeds apart that differ above their lowest 32 bits only', () => {
    const draws = [1, 2 ** 32 + 1, 2 ** 33 + 1, 2 ** 52 + 1].map((seed) => seeded(seed)())
    expect(new Set(draws).size).toBe(draws.length)
  })
})

describe('a sleep leaves no listener at its signal', () => {
  it('when it has slept', async () => {
    const { signal } = new AbortController()
    await systemClock.sleep(1, signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('when it was aborted', async () => {
    const controller = new AbortController()
    const sleeping = rejection(systemClock.sleep(60_000, controller.signal))
    controller.abort('enough')
    expect(await sleeping).toBe('enough')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })
})

describe('a system timer', () => {
  it('fires once, though it is disposed of afterwards', async () => {
    let fired = 0
    const timer = systemClock.setTimer(() => fired++, 1)
    await realWait(20)
    timer[Symbol.dispose]()
    await realWait(5)
    expect(fired).toBe(1)
  })
})
