import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AgeHistogram } from '../../src/dispatch/age-histogram.ts'
import { Backlog, type Waiting } from '../../src/dispatch/backlog.ts'

interface Entry extends Waiting {
  readonly id: number
}

type Step =
  | { readonly do: 'push'; readonly isDroppable: boolean; readonly key: string | undefined }
  | { readonly do: 'shift' | 'drop' }
  | { readonly do: 'remove' | 'find'; readonly at: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), isDroppable: fc.boolean(), key: fc.constantFrom('a', 'b', undefined) }),
  fc.record({ do: fc.constantFrom('shift' as const, 'drop' as const) }),
  fc.record({ do: fc.constantFrom('remove' as const, 'find' as const), at: fc.nat(20) }),
)

/** The same by plain arrays. */
class Model {
  entries: Entry[] = []

  take(entry: Entry | undefined): Entry | undefined {
    this.entries = this.entries.filter((other) => other !== entry)
    return entry
  }
}

function apply(backlog: Backlog<Entry>, model: Model, next: Step, id: number): void {
  switch (next.do) {
    case 'push': {
      const entry: Entry = { id, isDroppable: next.isDroppable, key: next.key, isGone: false }
      backlog.push(entry)
      model.entries.push(entry)
      break
    }
    case 'shift':
      assert.equal(backlog.shift(), model.take(model.entries[0]))
      break
    case 'drop':
      assert.equal(backlog.dropOldest(), model.take(model.entries.find(({ isDroppable }) => isDroppable)))
      break
    case 'remove': {
      const entry = model.entries[next.at]
      if (entry === undefined) break
      assert.equal(backlog.remove(entry), true)
      assert.equal(backlog.remove(entry), false)
      model.take(entry)
      break
    }
    case 'find': {
      const key = next.at % 2 === 0 ? 'a' : 'b'
      const found = backlog.find(key)
      const newest = model.entries.findLast((entry) => entry.key === key)
      // once a newer one of the key has left, older ones are not found any more
      assert.ok(found === undefined || found === newest)
      break
    }
  }
}

describe('a backlog', () => {
  it('does what plain arrays do, whatever is pushed, taken, dropped and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const backlog = new Backlog<Entry>({ dropsOldest: true })
        const model = new Model()
        for (const [id, next] of steps.entries()) {
          apply(backlog, model, next, id)
          assert.equal(backlog.length, model.entries.length)
          assert.equal(backlog.droppableLength, model.entries.filter(({ isDroppable }) => isDroppable).length)
        }
        const rest: Entry[] = []
        for (let entry = backlog.shift(); entry !== undefined; entry = backlog.shift()) rest.push(entry)
        assert.deepEqual(
          rest.map(({ id }) => id),
          model.entries.map(({ id }) => id),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('keeps its order over many chunks and gaps', () => {
    const backlog = new Backlog<Entry>({ dropsOldest: true })
    const push = (id: number, isDroppable: boolean): void => {
      backlog.push({ id, isDroppable, key: undefined, isGone: false })
    }
    push(-1, false)
    for (let id = 0; id < 10_000; id++) {
      push(id, true)
      if (id >= 100) assert.equal(backlog.dropOldest()?.id, id - 100)
    }
    expect(backlog.length).toBe(101)
    expect(backlog.shift()?.id).toBe(-1)
    expect(Array.from({ length: 100 }, () => backlog.shift()?.id)).toEqual(
      Array.from({ length: 100 }, (_, i) => 9900 + i),
    )
    expect(backlog.shift()).toBeUndefined()
    expect(backlog.dropOldest()).toBeUndefined()
  })
})

describe('an age histogram', () => {
  it('gives a quantile at most a fifth too high', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (ages, share) => {
          const histogram = new AgeHistogram()
          for (const age of ages) histogram.add(age)
          const exact = ages.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(ages.length * share) - 1)] as number
          const shown = histogram.quantile(share)
          assert.ok(shown >= exact * 0.999 && shown <= exact * 1.2, `${shown} for ${exact}`)
        },
      ),
    )
  })

  it('is 0 before the first age, and bounded at both ends', () => {
    const histogram = new AgeHistogram()
    expect(histogram.quantile(0.99)).toBe(0)
    histogram.add(0)
    expect(histogram.quantile(0.99)).toBe(0.001)
    histogram.add(1e12)
    // the last of 136 buckets, four for each doubling of a microsecond
    expect(histogram.quantile(1)).toBe(2 ** (135 / 4) / 1000)
    expect(histogram.quantile(0.5)).toBe(0.001)
  })
})
