import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { timeSlicer, yieldToLoop } from '../../src/slicing/index.ts'
import { CountedSignal } from '../counted-signal.ts'

/** Spends processor time without giving the loop a turn. */
function burn(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('yieldToLoop', () => {
  it('lets real I/O and timers run while a computation goes on', async () => {
    const events = new Set<string>()
    void readFile(fileURLToPath(import.meta.url)).then(() => events.add('read'))
    setTimeout(() => events.add('fired'), 1)
    for (let turns = 0; events.size < 2 && turns < 1_000_000; turns++) {
      burn(0.05)
      await yieldToLoop()
    }
    expect([...events].sort()).toEqual(['fired', 'read'])
  })

  it('is no mere microtask: awaiting those starves a timer, yielding does not', async () => {
    let hasFired = false
    setTimeout(() => {
      hasFired = true
    }, 0)
    burn(3)
    for (let turn = 0; turn < 1000; turn++) await Promise.resolve()
    expect(hasFired).toBe(false)
    for (let turn = 0; turn < 10; turn++) await yieldToLoop()
    expect(hasFired).toBe(true)
  })

  it('rejects with the reason itself, before and during the turn, and never listens', async () => {
    const counted = new CountedSignal()
    const reason = new Error('enough')
    const waiting = yieldToLoop(counted.signal)
    counted.controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(yieldToLoop(counted.signal)).rejects.toBe(reason)
    expect(counted.added).toBe(0)
  })

  it('refuses what is no signal', async () => {
    await expect(yieldToLoop({ aborted: false } as AbortSignal)).rejects.toBeInstanceOf(OptionError)
  })
})

describe('timeSlicer', () => {
  it('gives the loop a turn only when the slice is used up', async () => {
    const clock = new ManualClock()
    const slicer = timeSlicer({ sliceMs: 4, clock })
    await slicer.turn()
    await clock.advance(3.9)
    expect(slicer.isDue).toBe(false)
    await slicer.turn()
    expect(slicer.turns).toBe(0)
    await clock.advance(0.1)
    expect(slicer.isDue).toBe(true)
    await slicer.turn()
    expect(slicer.turns).toBe(1)
    expect(slicer.isDue).toBe(false)
  })

  it('hands out the same resolved promise while no turn is due', () => {
    const slicer = timeSlicer({ clock: new ManualClock() })
    expect(slicer.turn()).toBe(slicer.turn())
  })

  it('begins a slice when work goes on, not when the turn was asked for', async () => {
    let nowMs = 0
    const slicer = timeSlicer({ sliceMs: 4, clock: { now: () => nowMs } })
    nowMs = 4
    const turn = slicer.turn()
    nowMs = 104
    await turn
    expect(slicer.isDue).toBe(false)
  })

  it('lets timers run during a long iteration and yields every item in order', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const slicer = timeSlicer({ sliceMs: 1 })
    const seen: number[] = []
    for await (const item of slicer.over(Array.from({ length: 200 }, (_, index) => index))) {
      burn(0.2)
      seen.push(item)
    }
    clearInterval(timer)
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect(slicer.turns).toBeGreaterThan(3)
    expect(ticks).toBeGreaterThan(3)
  })

  it('keeps the order of requests that are made at once', async () => {
    const clock = new ManualClock()
    const slicer = timeSlicer({ sliceMs: 1, clock })
    const items = slicer.over([1, 2, 3, 4])
    await clock.advance(1)
    const first = items.next()
    const second = items.next()
    await slicer.turn()
    const rest = [items.next(), items.next(), items.next(), items.return?.()]
    const results = await Promise.all([first, second, ...rest])
    expect(results.map((result) => result?.value)).toEqual([1, 2, 3, 4, undefined, undefined])
  })

  it('closes the source when the loop is left early', async () => {
    let isClosed = false
    function* source(): Generator<number> {
      try {
        for (let item = 0; ; item++) yield item
      } finally {
        isClosed = true
      }
    }
    for await (const item of timeSlicer().over(source())) if (item === 5) break
    expect(isClosed).toBe(true)
  })

  it('stops with the reason of an abort, although no turn is due, and closes the source', async () => {
    const controller = new AbortController()
    const reason = new Error('stop')
    const slicer = timeSlicer({ signal: controller.signal, clock: new ManualClock() })
    let returned = 0
    const endless: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          returned++
          throw new Error('hidden by the reason')
        },
      }),
    }
    let count = 0
    const run = async (): Promise<void> => {
      for await (const item of slicer.over(endless)) {
        count += item
        if (count === 10) controller.abort(reason)
      }
    }
    await expect(run()).rejects.toBe(reason)
    expect({ count, returned }).toEqual({ count: 10, returned: 1 })
    await expect(slicer.turn()).rejects.toBe(reason)
  })

  it('hands on what the source throws, and is done then', async () => {
    const fault = new Error('source')
    const items = timeSlicer().over<number>({
      [Symbol.iterator]: () => ({
        next: () => {
          throw fault
        },
      }),
    })
    await expect(items.next()).rejects.toBe(fault)
    await expect(items.next()).resolves.toEqual({ done: true, value: undefined })
    await expect(items.return?.()).resolves.toEqual({ done: true, value: undefined })
  })

  it('ends a request that waited for a turn while the source ended', async () => {
    const clock = new ManualClock()
    const items = timeSlicer({ sliceMs: 1, clock }).over([1])
    await clock.advance(1)
    const results = await Promise.all([items.next(), items.next(), items.next()])
    expect(results.map((result) => result.done)).toEqual([false, true, true])
  })

  it('refuses options it cannot use', () => {
    expect(() => timeSlicer({ sliceMs: -1 })).toThrow(OptionError)
    expect(() => timeSlicer({ signal: 1 as unknown as AbortSignal })).toThrow(OptionError)
  })
})
