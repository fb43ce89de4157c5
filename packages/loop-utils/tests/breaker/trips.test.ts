import { describe, expect, it } from 'vitest'
import {
  anyOf,
  consecutive,
  countWindow,
  timeWindow,
  type CountedOutcome,
  type TripCounter,
} from '../../src/breaker/index.ts'
import { OptionError } from '../../src/errors/index.ts'

const LETTERS: Readonly<Record<string, CountedOutcome>> = {
  s: 'success',
  S: 'slow-success',
  f: 'failure',
  F: 'slow-failure',
}

/** Counts calls, a letter each; returns which of them met the trip. */
function feed(counter: TripCounter, calls: string, atMs = 0): boolean[] {
  return Array.from(calls, (letter) => counter.record(LETTERS[letter] ?? 'success', atMs))
}

describe('consecutive', () => {
  it('is met by so many failures in a row, slow or not', () => {
    expect(feed(consecutive(3).createCounter(), 'ffsfFf')).toEqual([false, false, false, false, false, true])
  })

  it('takes a slow success for a success', () => {
    expect(feed(consecutive(2).createCounter(), 'fSf')).toEqual([false, false, false])
  })

  it('gives each breaker a counter of its own', () => {
    const trip = consecutive(2)
    feed(trip.createCounter(), 'f')
    expect(feed(trip.createCounter(), 'f')).toEqual([false])
  })

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses %s failures', (failures) => {
    expect(() => consecutive(failures)).toThrow(OptionError)
  })
})

describe('countWindow', () => {
  it('is met at the rate, once there are enough calls', () => {
    const trip = countWindow({ size: 10, failureRate: 0.5, minCalls: 4 })
    expect(feed(trip.createCounter(), 'fffs')).toEqual([false, false, false, true])
    expect(feed(trip.createCounter(), 'ssfsf')).toEqual([false, false, false, false, false])
  })

  it('waits for a full window by default', () => {
    expect(feed(countWindow({ size: 3, failureRate: 0.1 }).createCounter(), 'fff')).toEqual([false, false, true])
  })

  it('forgets the oldest call', () => {
    const counter = countWindow({ size: 4, failureRate: 0.5 }).createCounter()
    expect(feed(counter, 'fsssfsf')).toEqual([false, false, false, false, false, false, true])
    expect(counter.snapshot(0)).toEqual({ kind: 'count-window', calls: 'sfsf' })
  })

  it('shows what it holds before it is full, and after it has begun anew', () => {
    const counter = countWindow({ size: 5, failureRate: 1 }).createCounter()
    feed(counter, 'fS')
    expect(counter.snapshot(0)).toEqual({ kind: 'count-window', calls: 'fS' })
    feed(counter, 'Fsff')
    counter.reset()
    expect(counter.snapshot(0)).toEqual({ kind: 'count-window', calls: '' })
    feed(counter, 's')
    expect(counter.snapshot(0)).toEqual({ kind: 'count-window', calls: 's' })
  })

  it('is met by slow calls, failed or not', () => {
    const trip = countWindow({ size: 4, failureRate: 1, slowRate: 0.75 })
    expect(trip.countsSlowCalls).toBe(true)
    expect(feed(trip.createCounter(), 'SFsS')).toEqual([false, false, false, true])
  })

  it('compares exactly: 3 of 10 are a rate of 0.3', () => {
    expect(feed(countWindow({ size: 10, failureRate: 0.3 }).createCounter(), 'fffsssssss').at(-1)).toBe(true)
  })

  it.each([
    ['size', { size: 0, failureRate: 1 }],
    ['size', { size: 1_000_001, failureRate: 1 }],
    ['minCalls', { size: 3, minCalls: 4, failureRate: 1 }],
    ['minCalls', { size: 3, minCalls: 0, failureRate: 1 }],
    ['failureRate', { size: 3, failureRate: 0 }],
    ['failureRate', { size: 3, failureRate: 1.1 }],
    ['slowRate', { size: 3, failureRate: 1, slowRate: Number.NaN }],
  ])('refuses a bad %s', (option, options) => {
    expect(() => countWindow(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})

describe('timeWindow', () => {
  const trip = timeWindow({ windowMs: 1000, buckets: 10, failureRate: 0.5, minCalls: 4 })

  it('counts a call for the window less a slice at least, and never for the whole window', () => {
    const young = trip.createCounter()
    feed(young, 'fff', 99)
    expect(feed(young, 'f', 999)).toEqual([true])
    const old = trip.createCounter()
    feed(old, 'fff', 99)
    expect(feed(old, 'f', 1000)).toEqual([false])
  })

  it('drops slices one by one', () => {
    const counter = trip.createCounter()
    for (const atMs of [0, 100, 200, 300]) feed(counter, 's', atMs)
    feed(counter, 'ff', 950)
    expect(counter.snapshot(950)).toMatchObject({
      buckets: [{ age: 9 }, { age: 8 }, { age: 7 }, { age: 6 }, { age: 0 }],
    })
    // at 1200 the successes of 0, 100 and 200 are gone: two failures of three calls, and of four with this one
    expect(feed(counter, 's', 1200)).toEqual([true])
  })

  it('is empty after any silence longer than the window', () => {
    const counter = trip.createCounter()
    feed(counter, 'fff', 0)
    expect(counter.snapshot(Number.MAX_SAFE_INTEGER)).toMatchObject({ buckets: [] })
  })

  it('is not confused by a clock that steps back', () => {
    const counter = trip.createCounter()
    feed(counter, 'ff', 5000)
    feed(counter, 'f', 10)
    expect(counter.snapshot(10)).toMatchObject({ buckets: [{ age: 0, calls: 3, failures: 3 }] })
    expect(feed(counter, 'f', 5000)).toEqual([true])
  })

  it("works from before the clock's epoch", () => {
    const counter = trip.createCounter()
    feed(counter, 'fff', -250)
    expect(feed(counter, 'f', 50)).toEqual([true])
  })

  it('says so when the clock shows no time', () => {
    expect(() => trip.createCounter().record('failure', Number.NaN)).toThrow(RangeError)
  })

  it.each([
    ['windowMs', { windowMs: 0, failureRate: 1 }],
    ['buckets', { windowMs: 10, buckets: 1001, failureRate: 1 }],
    ['minCalls', { windowMs: 10, minCalls: 0, failureRate: 1 }],
  ])('refuses a bad %s', (option, options) => {
    expect(() => timeWindow(options)).toThrow(expect.objectContaining({ option }))
  })
})

describe('anyOf', () => {
  it('is met as soon as one part is, and lets all parts count', () => {
    const counter = anyOf(consecutive(3), countWindow({ size: 5, failureRate: 0.6 })).createCounter()
    expect(feed(counter, 'fsfsf')).toEqual([false, false, false, false, true])
    expect(feed(counter, 'ff')).toEqual([true, true])
  })

  it('knows what its parts look at', () => {
    const slow = countWindow({ size: 5, failureRate: 0.6, slowRate: 1 })
    expect(anyOf(consecutive(1))).toMatchObject({ usesTime: false, countsSlowCalls: false })
    expect(anyOf(consecutive(1), slow)).toMatchObject({ usesTime: false, countsSlowCalls: true })
    expect(anyOf(timeWindow({ windowMs: 1, failureRate: 1 }))).toMatchObject({ usesTime: true })
  })

  it('needs a part', () => {
    expect(() => anyOf()).toThrow(OptionError)
  })
})

describe('the snapshot of a counter', () => {
  const trips = {
    consecutive: consecutive(3),
    countWindow: countWindow({ size: 4, failureRate: 0.5 }),
    timeWindow: timeWindow({ windowMs: 100, buckets: 4, failureRate: 0.5, minCalls: 3 }),
    anyOf: anyOf(consecutive(3), timeWindow({ windowMs: 100, buckets: 2, failureRate: 0.5 })),
  }

  it.each(Object.entries(trips))('of %s is plain and says the same after a journey', (_, trip) => {
    const counter = trip.createCounter()
    feed(counter, 'sfSF', 10)
    feed(counter, 'f', 60)
    const snapshot = JSON.parse(JSON.stringify(counter.snapshot(60)))
    const restored = trip.createCounter()
    restored.restore(snapshot, 'snapshot.trip', 60)
    expect(restored.snapshot(60)).toEqual(snapshot)
    expect(feed(restored, 'sff', 65)).toEqual(feed(counter, 'sff', 65))
  })

  it('of a larger window keeps what fits, the newest', () => {
    const wide = countWindow({ size: 6, failureRate: 1 }).createCounter()
    feed(wide, 'ssfFSs')
    const narrow = countWindow({ size: 3, failureRate: 1 }).createCounter()
    narrow.restore(wide.snapshot(0), 'snapshot', 0)
    expect(narrow.snapshot(0)).toMatchObject({ calls: 'FSs' })
  })

  it('of other slices is put into those that there are', () => {
    const fine = timeWindow({ windowMs: 100, buckets: 10, failureRate: 1 }).createCounter()
    feed(fine, 'f', 5)
    feed(fine, 'ss', 55)
    feed(fine, 's', 95)
    const coarse = timeWindow({ windowMs: 60, buckets: 2, failureRate: 1 }).createCounter()
    coarse.restore(fine.snapshot(95), 'snapshot', 1000)
    expect(coarse.snapshot(1000)).toMatchObject({
      buckets: [
        { age: 1, calls: 2, failures: 0, slow: 0 },
        { age: 0, calls: 1, failures: 0, slow: 0 },
      ],
    })
  })

  it.each([
    ['s', consecutive(1), null],
    ['s.kind', consecutive(1), { kind: 'count-window', calls: '' }],
    ['s.failures', consecutive(1), { kind: 'consecutive', failures: -1 }],
    ['s.calls', trips.countWindow, { kind: 'count-window', calls: 'sx' }],
    ['s.calls', trips.countWindow, { kind: 'count-window', calls: 7 }],
    ['s.bucketMs', trips.timeWindow, { kind: 'time-window', bucketMs: 0, buckets: [] }],
    ['s.buckets', trips.timeWindow, { kind: 'time-window', bucketMs: 1, buckets: {} }],
    ['s.buckets[0]', trips.timeWindow, { kind: 'time-window', bucketMs: 1, buckets: [7] }],
    ['s.buckets[0].age', trips.timeWindow, { kind: 'time-window', bucketMs: 1, buckets: [{ age: -1 }] }],
    [
      's.buckets[0].failures',
      trips.timeWindow,
      { kind: 'time-window', bucketMs: 1, buckets: [{ age: 0, calls: 1, failures: 2, slow: 0 }] },
    ],
    [
      's.buckets[0].slow',
      trips.timeWindow,
      { kind: 'time-window', bucketMs: 1, buckets: [{ age: 0, calls: 1, failures: 1, slow: 0.5 }] },
    ],
    ['s.parts', trips.anyOf, { kind: 'any-of', parts: [] }],
    ['s.parts[0].kind', trips.anyOf, { kind: 'any-of', parts: [{}, {}] }],
  ])('names what is wrong with it: %s', (option, trip, snapshot) => {
    expect(() => trip.createCounter().restore(snapshot, 's', 0)).toThrow(expect.objectContaining({ option }))
  })
})
