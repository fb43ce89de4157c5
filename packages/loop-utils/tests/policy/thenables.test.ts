import { describe, expect, it } from 'vitest'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { AdaptiveConcurrency, Bulkhead, hedge } from '../../src/concurrency/index.ts'
import { timeout } from '../../src/timeout/index.ts'
import { never, rejection, settled } from '../settled.ts'

type Then = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => unknown

/** What has a `then` and is no promise; `then` need not be one that a promise would have. */
function thenable(then: Then): PromiseLike<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- what is not a promise is the point
  return { then } as PromiseLike<unknown>
}

/** What cannot even be asked whether it has a `then`. */
function unreadable(): unknown {
  // oxlint-disable-next-line unicorn/no-thenable -- neither here
  return Object.defineProperty({}, 'then', {
    get: () => {
      throw new Error('no then here')
    },
  })
}

const answers = (): PromiseLike<unknown> =>
  thenable((resolve) => {
    resolve('answer')
  })
const throws = (): PromiseLike<unknown> =>
  thenable(() => {
    throw new Error('in then')
  })
const settlesTwice = (): PromiseLike<unknown> =>
  thenable((resolve, reject) => {
    resolve('first')
    reject(new Error('second'))
  })

describe('a time limit', () => {
  it('holds for a thenable that passes on to another', async () => {
    const clock = new ManualClock()
    const outcome = settled(timeout(() => thenable((resolve) => resolve(never())), 100, { clock }))
    await clock.advance(100)
    expect(await outcome).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT' } })
  })

  it.each([
    ['whose then throws', throws, 'in then'],
    ['whose then cannot be read', unreadable, 'no then here'],
  ])('is over with a thenable %s', async (_, make, message) => {
    const clock = new ManualClock()
    const heard: string[] = []
    const run = timeout(make, 100, { clock, onEvent: (name) => heard.push(name) })
    expect(await rejection(run)).toMatchObject({ message })
    await clock.settle()
    expect(clock.pending).toBe(0)
    expect(heard).toEqual([])
  })
})

describe('a slot', () => {
  it.each([
    ['with a simple thenable', answers, { status: 'fulfilled', value: 'answer' }],
    ['with a thenable that settles twice', settlesTwice, { status: 'fulfilled', value: 'first' }],
    ['with a thenable whose then throws', throws, { status: 'rejected', reason: { message: 'in then' } }],
    ['with what cannot be read', unreadable, { status: 'rejected', reason: { message: 'no then here' } }],
  ])('is given back once %s, whose outcome the caller gets', async (_, make, outcome) => {
    const bulkhead = new Bulkhead({ concurrent: 2 })
    expect(await settled(bulkhead.execute(make))).toMatchObject(outcome)
    expect(bulkhead.running).toBe(0)
    const adaptive = new AdaptiveConcurrency()
    expect(await settled(adaptive.execute(make))).toMatchObject(outcome)
    expect(adaptive.running).toBe(0)
  })
})

describe('a circuit breaker', () => {
  it('rejects with what a result throws that cannot be read, and its probe has ended', async () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ trip: consecutive(1), halfOpenAfterMs: 100, clock })
    breaker.tryAcquire()?.failure(new Error('down'))
    await clock.advance(100)
    expect(await rejection(breaker.execute(unreadable))).toMatchObject({ message: 'no then here' })
    expect(breaker.state).toBe('closed')
  })
})

describe('a hedge that tells of late ends', () => {
  it('asks a thenable once that does its work at each call of then', async () => {
    let thens = 0
    const lazy = thenable((resolve) => {
      thens++
      resolve('done')
    })
    expect(await hedge(() => lazy, { afterMs: 1000, clock: new ManualClock(), onLate: () => {} })).toBe('done')
    expect(thens).toBe(1)
  })
})
