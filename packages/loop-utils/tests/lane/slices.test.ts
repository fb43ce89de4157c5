import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LaneDelivery } from '../../src/lane/lane-delivery.ts'
import type { LaneEnd } from '../../src/lane/lane.ts'
import { Pump, type Pumped } from '../../src/lane/pump.ts'
import { turns, upTo } from './collector.ts'

/** The time of this loop, which passes only when a test says so. */
let now = 1000
/** Told of every look at the clock. */
let onLook: () => void = () => undefined
beforeEach(() => {
  now = 1000
  onLook = () => undefined
  vi.spyOn(performance, 'now').mockImplementation(() => {
    onLook()
    return now
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A source whose every piece takes a time of its own, and which tells what it was offered. */
class Piecework implements Pumped {
  isScheduled = false
  readonly weight: number
  readonly sliceMs: number
  readonly pieceMs: number
  left: number
  /** Of each turn: how many pieces at most, and the time until the deadline. */
  readonly offers: [limit: number, ms: number][] = []

  constructor(options: { left: number; pieceMs: number; sliceMs?: number; weight?: number }) {
    this.left = options.left
    this.pieceMs = options.pieceMs
    this.sliceMs = options.sliceMs ?? 4
    this.weight = options.weight ?? 1
  }

  deliver(limit: number, deadline: number): boolean {
    this.offers.push([limit, deadline - now])
    for (let i = 0; i < limit && this.left > 0; i++) {
      this.left--
      now += this.pieceMs
      if (now >= deadline) break
    }
    return this.left > 0
  }
}

describe('a slice', () => {
  it('offers each source as many pieces as its weight says, and the time that is left', async () => {
    const pump = new Pump()
    const light = new Piecework({ left: 40, pieceMs: 0.125 })
    const heavy = new Piecework({ left: 20, pieceMs: 0.125, weight: 3 })
    for (const source of [light, heavy]) pump.schedule(source)
    await turns(1)
    expect(light.offers).toEqual([[32, 4]])
    await turns(2)
    expect(light.offers).toEqual([
      [32, 4],
      [32, 1.5],
    ])
    expect(heavy.offers).toEqual([[96, 4]])
    expect([light, heavy].map(({ isScheduled }) => isScheduled)).toEqual([false, false])
    expect(pump.stats).toEqual({ slices: 2, maxSliceMs: 4 })
  })

  it('lasts as long as the source allows that is in the greatest hurry, of those that still wait', async () => {
    const pump = new Pump()
    const sources = [5, 3, 7].map((sliceMs) => new Piecework({ left: 1, pieceMs: 0, sliceMs }))
    for (const source of sources) pump.schedule(source)
    await turns(2)
    expect(sources.map(({ offers }) => offers)).toEqual([[[32, 3]], [[32, 3]], [[32, 3]]])
    const later = new Piecework({ left: 1, pieceMs: 0, sliceMs: 7 })
    pump.schedule(later)
    await turns(2)
    expect(later.offers).toEqual([[32, 7]])
    expect(pump.stats).toEqual({ slices: 2, maxSliceMs: 0 })
  })

  it('takes a source once that is scheduled twice', async () => {
    const pump = new Pump()
    const source = new Piecework({ left: 1, pieceMs: 1 })
    pump.schedule(source)
    pump.schedule(source)
    await turns(2)
    expect(source.offers).toHaveLength(1)
  })
})

describe('a run from an event', () => {
  it('goes on by quanta until nothing is ready or its slice is over', async () => {
    const pump = new Pump()
    const short = new Piecework({ left: 70, pieceMs: 0.03125 })
    pump.runNow(short)
    expect(short.offers.map(([limit]) => limit)).toEqual([32, 32, 32])
    expect(pump.stats).toEqual({ slices: 1, maxSliceMs: 70 / 32 })
    now += 1
    const long = new Piecework({ left: 100, pieceMs: 0.0625, weight: 2 })
    pump.runNow(long)
    expect(long.offers).toEqual([[64, 4]])
    expect(long.isScheduled).toBe(true)
    // timers first, then the rest
    await turns(1)
    expect(long.left).toBe(36)
    await turns(1)
    expect(long.left).toBe(0)
    expect(pump.stats).toEqual({ slices: 3, maxSliceMs: 4 })
  })

  it.each([
    ['closely', 0.125, 1.5],
    ['after a pause', 0.25, 2],
  ])('that follows another one %s has what is left of a slice', (_, pauseMs, leftMs) => {
    const pump = new Pump()
    pump.runNow(new Piecework({ left: 1, pieceMs: 0.5 }))
    now += pauseMs
    const next = new Piecework({ left: 1, pieceMs: 0.5, sliceMs: 2 })
    pump.runNow(next)
    expect(next.offers).toEqual([[32, leftMs]])
  })

  it('waits for a turn of the loop when events before it have used the slice up', async () => {
    const pump = new Pump()
    for (const _ of upTo(2)) pump.runNow(new Piecework({ left: 1, pieceMs: 1, sliceMs: 2 }))
    const late = new Piecework({ left: 1, pieceMs: 0, sliceMs: 2 })
    pump.runNow(late)
    expect(late.left).toBe(1)
    await turns(1)
    expect(late.left).toBe(1)
    await turns(1)
    expect(late.left).toBe(0)
  })

  it('is not held up by timers when it only waits behind others', async () => {
    const pump = new Pump()
    const first = new Piecework({ left: 1, pieceMs: 0 })
    const second = new Piecework({ left: 1, pieceMs: 0 })
    pump.schedule(first)
    pump.runNow(second)
    expect([first.left, second.left]).toEqual([1, 1])
    await turns(1)
    expect([first.left, second.left]).toEqual([0, 0])
  })
})

/** A delivery whose items each take a while, and when it looked at the clock. */
function delivery(itemMs: number, items: number) {
  const looks: number[] = []
  let taken = 0
  const counted: number[] = []
  onLook = () => looks.push(taken)
  const source = {
    hasNext: () => taken < items,
    take: () => taken++,
    delivered: (count: number) => counted.push(count),
    ending: undefined as LaneEnd | undefined,
    ended: () => undefined,
  }
  const lane = new LaneDelivery<number>(source, { sliceMs: 4, weight: 1 })
  const got: number[] = []
  const ends: LaneEnd[] = []
  const open = (): void => {
    lane.open({
      item: (item) => {
        got.push(item)
        now += itemMs
      },
      end: (reason) => ends.push(reason),
    })
  }
  return { lane, source, looks, counted, got, ends, open }
}

describe('a delivery', () => {
  it('looks at the clock ever more rarely while items are quick', () => {
    const { lane, looks, open, counted } = delivery(0, 100)
    open()
    expect(lane.deliver(60, now + 4)).toBe(true)
    expect(looks).toEqual([1, 3, 7, 15, 31, 47])
    expect(counted).toEqual([60])
  })

  it('looks after each item while they are slow, and stops at the deadline', () => {
    const { lane, looks, open, got } = delivery(1, 100)
    open()
    expect(lane.deliver(60, now + 4)).toBe(true)
    expect(looks).toEqual([1, 3, 4])
    expect(got).toEqual([0, 1, 2, 3])
  })

  it('tells whether more is ready, and ends after the last item', () => {
    const { lane, source, open, ends, counted } = delivery(0, 3)
    open()
    expect(lane.deliver(2, Infinity)).toBe(true)
    expect(lane.deliver(1, Infinity)).toBe(true)
    expect(lane.deliver(5, Infinity)).toBe(false)
    expect([ends, counted]).toEqual([[], [2, 1, 0]])
    source.ending = 'writer-closed'
    expect(lane.deliver(5, Infinity)).toBe(false)
    expect(lane.isOver).toBe(true)
    lane.end('reader-closed')
    expect(ends).toEqual(['writer-closed'])
    expect(lane.deliver(5, Infinity)).toBe(false)
  })

  it('hands nothing on before it is opened, nor while it is paused', () => {
    const { lane, open, got } = delivery(0, 3)
    expect([lane.isFlowing, lane.deliver(1, Infinity)]).toEqual([false, false])
    lane.wake()
    lane.wakeNow()
    expect(lane.isScheduled).toBe(false)
    open()
    expect([lane.isFlowing, lane.isScheduled]).toEqual([true, true])
    lane.pause()
    expect([lane.isFlowing, lane.deliver(1, Infinity)]).toEqual([false, false])
    lane.resume()
    expect(lane.deliver(1, Infinity)).toBe(true)
    expect(got).toEqual([0])
    expect(open).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'handler' }))
    lane.end('reader-closed')
  })

  it('that ended before it was opened tells its handler so, in a turn of its own', async () => {
    const { lane, open, ends } = delivery(0, 0)
    lane.end('writer-died')
    open()
    expect(ends).toEqual([])
    await Promise.resolve()
    expect(ends).toEqual(['writer-died'])
  })
})
