import { describe, expect, it } from 'vitest'
import { timeSlicer } from '../../src/slicing/index.ts'

const END = { done: true, value: undefined }

/** A slicer whose slice is used up whenever `clock.nowMs` has grown. */
function slicing(): { clock: { nowMs: number }; slicer: ReturnType<typeof timeSlicer> } {
  const clock = { nowMs: 0 }
  return { clock, slicer: timeSlicer({ sliceMs: 1, clock: { now: () => clock.nowMs } }) }
}

/** Numbers from 1 to `last`, and what was asked of them; it goes on when it is asked after its end. */
function counting(last = Infinity): { source: Iterable<number>; asked: string[] } {
  const asked: string[] = []
  let item = 0
  const iterator: Iterator<number, undefined> = {
    next() {
      asked.push('next')
      return ++item > last ? { done: true, value: undefined } : { done: false, value: item }
    },
    return() {
      asked.push('return')
      return { done: true, value: undefined }
    },
  }
  return { source: { [Symbol.iterator]: () => iterator }, asked }
}

describe('a sliced iteration', () => {
  it('asks its source for nothing more once it has ended', async () => {
    const { source, asked } = counting(1)
    const items = slicing().slicer.over(source)
    expect(await items.next()).toEqual({ done: false, value: 1 })
    expect([await items.next(), await items.next(), await items.return?.()]).toEqual([END, END, END])
    expect(asked).toEqual(['next', 'next'])
  })

  it('gives nothing more after it was left, and leaves its source once', async () => {
    const { source, asked } = counting()
    const items = slicing().slicer.over(source)
    await items.next()
    expect([await items.return?.(), await items.next(), await items.return?.()]).toEqual([END, END, END])
    expect(asked).toEqual(['next', 'return'])
  })

  it('takes no turn for what comes after its end', async () => {
    const { clock, slicer } = slicing()
    const items = slicer.over(counting(1).source)
    clock.nowMs = 10
    expect([await items.next(), await items.next(), await items.return?.()]).toEqual([
      { done: false, value: 1 },
      END,
      END,
    ])
    expect(slicer.turns).toBe(1)
    clock.nowMs = 20
    expect([await items.next(), await items.next()]).toEqual([END, END])
    expect(slicer.turns).toBe(1)
  })

  it('leaves its source after the items that were asked for before, and gives none afterwards', async () => {
    const { clock, slicer } = slicing()
    const { source, asked } = counting()
    const items = slicer.over(source)
    clock.nowMs = 10
    const results = await Promise.all([items.next(), items.next(), items.return?.(), items.next()])
    expect(results).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, END, END])
    expect(asked).toEqual(['next', 'next', 'return'])
  })

  it('may be left when its source cannot be', async () => {
    const items = slicing().slicer.over<number>({
      [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }),
    })
    expect(await items.return?.()).toEqual(END)
  })

  it('hands on what leaving its source throws, once', async () => {
    const fault = new Error('cannot leave')
    const items = slicing().slicer.over<number>({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          throw fault
        },
      }),
    })
    await expect(items.return?.()).rejects.toBe(fault)
    expect(await items.next()).toEqual(END)
  })

  it('gives an item that needs no turn within one turn of the microtask queue', async () => {
    const { clock, slicer } = slicing()
    const items = slicer.over(counting().source)
    clock.nowMs = 10
    await Promise.all([items.next(), items.next()])
    const order: string[] = []
    const given = items.next().then(() => order.push('item'))
    const later = Promise.resolve()
      .then(() => undefined)
      .then(() => order.push('two microtasks'))
    await Promise.all([given, later])
    expect(order).toEqual(['item', 'two microtasks'])
  })
})

describe('wrong options', () => {
  it.each([
    ['sliceMs', { sliceMs: -1 }],
    ['signal', { signal: 1 as never }],
  ])('name %s', (option, options) => {
    expect(() => timeSlicer(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})
