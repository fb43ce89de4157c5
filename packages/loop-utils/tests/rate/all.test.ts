import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import {
  all,
  gcra,
  keyed,
  RateLimitedError,
  slidingWindow,
  tokenBucket,
  type RateLimiter,
} from '../../src/rate/index.ts'
import { agree, runInterleavings, turnMicrotasks, type Chance } from '../concurrency/interleavings.ts'
import { rejection } from '../settled.ts'
import { BucketModel, GcraModel, WindowModel, type ReferenceModel } from './reference-models.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'

const COUNT = lawCount({ inSuite: 3000, inSoak: 50_000 })

describe('all', () => {
  it('takes from all or from none', async () => {
    const clock = new ManualClock()
    const a = tokenBucket({ capacity: 10, refill: 10, clock })
    const b = tokenBucket({ capacity: 2, refill: 2, clock })
    const both = all(a, b)
    expect([both.tryAcquire(2), both.tryAcquire(), both.tryAcquire()]).toEqual([true, false, false])
    expect([a.tokens, b.tokens]).toEqual([8, 0])
    expect(both.retryAfterMs()).toBe(500)
    const wait = both.acquire()
    await clock.advance(499)
    expect([a.tokens, b.tokens].map(Math.floor)).toEqual([10, 0])
    await clock.advance(1)
    await wait
    expect([a.tokens, b.tokens]).toEqual([9, 0])
    expect(() => both.tryAcquire(3)).toThrow('from 1 to 2')
  })

  it('does not keep others from a part that is not the one it waits for', async () => {
    const clock = new ManualClock()
    const site = tokenBucket({ capacity: 10, refill: 1000, clock })
    const slow = all(site, gcra({ limit: 1, periodMs: 60_000, clock }))
    const quick = all(site, gcra({ limit: 1000, clock }))
    await slow.acquire()
    const stuck = rejection(slow.acquire())
    for (let turn = 0; turn < 50; turn++) {
      const wait = quick.acquire()
      await clock.advance(1)
      await wait
    }
    expect(slow.waiting).toBe(1)
    expect(site.tryAcquire()).toBe(true)
    slow.rejectWaiting('closing')
    expect(await stuck).toBe('closing')
    expect(clock.pending).toBe(0)
  })

  it('lets nobody overtake one who waits at a shared part by asking for less', async () => {
    const clock = new ManualClock()
    const site = tokenBucket({ capacity: 5, refill: 1, clock })
    site.tryAcquire(4)
    const device = all(site, gcra({ limit: 10, burst: 5, clock }))
    const much = device.acquire(5)
    expect(site.tokens).toBe(1)
    expect([site.tryAcquire(), all(site).tryAcquire()]).toEqual([false, false])
    expect(site.reserve()).toBeUndefined()
    let servedAt = 0
    const little = site.acquire().then(() => {
      servedAt = clock.now()
    })
    await clock.runAll()
    await Promise.all([much, little])
    expect(servedAt).toBe(5000)
  })

  it('keeps its place at a shared part when one gives up who was not the first', async () => {
    const clock = new ManualClock()
    const site = gcra({ limit: 10, clock })
    const one = all(site)
    site.tryAcquire()
    const order: string[] = []
    const controller = new AbortController()
    const waits = [
      one.acquire().then(() => order.push('first')),
      one.acquire(1, { signal: controller.signal }).catch(() => order.push('gone')),
      site.acquire().then(() => order.push('second')),
    ]
    controller.abort()
    await clock.runAll()
    await Promise.all(waits)
    expect(order).toEqual(['gone', 'first', 'second'])
  })

  it('lets limiters that share a part take turns at it, and starves none', async () => {
    const clock = new ManualClock()
    const site = gcra({ limit: 100, clock })
    const devices = Array.from({ length: 5 }, () => all(site, gcra({ limit: 50, burst: 3, clock })))
    const served = devices.map(() => 0)
    const waits = devices.flatMap((device, index) =>
      Array.from({ length: 20 }, async () => {
        await device.acquire()
        served[index] = (served[index] ?? 0) + 1
      }),
    )
    const alone = Array.from({ length: 20 }, () => site.acquire())
    await clock.advance(300)
    // 31 turns among 6 that wait
    for (const count of served) expect(count).toBeGreaterThanOrEqual(4)
    await clock.runAll()
    await Promise.all([...waits, ...alone])
    expect(served).toEqual([20, 20, 20, 20, 20])
    expect(clock.now()).toBe(1190)
    expect(clock.pending).toBe(0)
  })

  it('combines combinations, and takes once from a part that comes twice', async () => {
    const clock = new ManualClock()
    const a = tokenBucket({ capacity: 5, clock })
    const b = tokenBucket({ capacity: 5, clock })
    const twice = all(all(a, b), a, all(b))
    expect(twice.tryAcquire(5)).toBe(true)
    expect([a.tokens, b.tokens]).toEqual([0, 0])
  })

  it('reserves in all parts at the same time, and gives back to all', async () => {
    const clock = new ManualClock()
    const a = tokenBucket({ capacity: 1, refill: 10, clock })
    const b = tokenBucket({ capacity: 1, refill: 1, clock })
    const both = all(a, b)
    expect(both.reserve()?.delayMs).toBe(0)
    const turn = both.reserve()
    expect(turn?.delayMs).toBe(1000)
    // a has tokens from 100 ms on, but nobody is served before the turn that is reserved
    expect(a.retryAfterMs()).toBe(1100)
    await clock.advance(100)
    expect(turn?.cancel()).toBe(true)
    expect([a.retryAfterMs(), b.retryAfterMs()]).toEqual([0, 900])
    expect(both.stats().taken).toBe(1)
  })

  it('serves one who waits as soon as a reserved turn is given back', async () => {
    const clock = new ManualClock()
    const a = tokenBucket({ capacity: 1, refill: 1, clock })
    await a.acquire()
    const turn = a.reserve()
    const wait = a.acquire()
    await clock.advance(500)
    turn?.cancel()
    await clock.advance(500)
    await wait
    expect(clock.now()).toBe(1000)
  })

  it('heeds maxWaitMs, aborts and bounds as a single limiter does', async () => {
    const clock = new ManualClock()
    const site = gcra({ limit: 1, periodMs: 100, burst: 1, clock })
    const one = all(site, gcra({ limit: 1, periodMs: 110, clock }))
    const other = all(site, gcra({ limit: 1, periodMs: 115, clock }))
    await Promise.all([one.acquire(), other.acquire()])
    expect(await rejection(one.acquire(1, { maxWaitMs: 109 }))).toBeInstanceOf(RateLimitedError)
    // the other one would be served at 115 if nobody took the site's turn at 110
    expect(other.retryAfterMs()).toBe(115)
    const first = one.acquire(1, { maxWaitMs: 110 })
    const second = rejection(other.acquire(1, { maxWaitMs: 150 }))
    await clock.advance(150)
    await first
    const error = await second
    expect(error).toBeInstanceOf(RateLimitedError)
    expect(error).toMatchObject({ retryAfterMs: 50 })
    expect([one.waiting, other.waiting, clock.pending]).toEqual([0, 0, 0])
  })

  it('refuses what is no limiter of this package, and differing clocks', () => {
    const clock = new ManualClock()
    expect(() => all()).toThrow(OptionError)
    expect(() => all({} as RateLimiter)).toThrow('limiters[0]')
    expect(() => all(gcra({ limit: 1, clock }), gcra({ limit: 1 }))).toThrow('share one clock')
  })

  it(
    `keeps every limit, the order of each limiter, and loses nothing in ${COUNT} random interleavings`,
    async () => {
      expect(await runInterleavings(COUNT, play)).toEqual([])
    },
    LAW_TIMEOUT_MS,
  )
})

/** One random schedule over two or three parts, used alone and combined. */
async function play(chance: Chance): Promise<void> {
  const clock = new ManualClock({ startMs: 500 })
  const parts = Array.from({ length: 2 + chance.below(2) }, () => partOf(chance, clock))
  const combinations = Array.from({ length: 1 + chance.below(2) }, () => {
    const used = parts.filter(() => chance.percent(70))
    return {
      limiter: all(...(used.length > 0 ? used : parts).map(({ limiter }) => limiter)),
      models: modelsOf(used.length > 0 ? used : parts),
    }
  })
  const users = [...parts.map((part) => ({ limiter: part.limiter, models: [part.model] })), ...combinations]
  const orders = users.map(() => ({ asked: [] as number[], served: [] as number[] }))
  const controllers: { readonly controller: AbortController; readonly user: number }[] = []

  const take = (models: readonly ReferenceModel[], n: number): void => {
    for (const model of models) {
      if (!model.admits(n, clock.now())) throw new Error(`a limit is exceeded at ${clock.now()}`)
      model.take(n, clock.now())
    }
  }
  const acquire = (): void => {
    const user = chance.below(users.length)
    const { limiter, models } = users[user] as (typeof users)[number]
    const id = controllers.length
    const n = 1 + chance.below(Math.min(...models.map((model) => model.limit)))
    const controller = new AbortController()
    controllers.push({ controller, user })
    orders[user]?.asked.push(id)
    limiter.acquire(n, { signal: controller.signal }).then(
      () => {
        orders[user]?.served.push(id)
        take(models, n)
      },
      () => orders[user]?.asked.splice(orders[user].asked.indexOf(id), 1),
    )
  }
  const tryAcquire = (): void => {
    const { limiter, models } = users[chance.below(users.length)] as (typeof users)[number]
    const n = 1 + chance.below(Math.min(...models.map((model) => model.limit)))
    const isAdmitted = models.every((model) => model.admits(n, clock.now()))
    const isTaken = limiter.tryAcquire(n)
    // when nobody waits anywhere, a refusal has its reason in a limit
    if (users.every((user) => user.limiter.waiting === 0)) agree('tryAcquire', isTaken, isAdmitted)
    if (isTaken) take(models, n)
  }

  for (let step = 5 + chance.below(12); step > 0; step--) {
    const dice = chance.below(100)
    if (dice < 50) acquire()
    else if (dice < 65) tryAcquire()
    else if (dice < 78) controllers[chance.below(controllers.length)]?.controller.abort()
    else await clock.advance(1 + chance.below(12))
    await turnMicrotasks()
  }
  for (let turn = 0; users.some(({ limiter }) => limiter.waiting > 0); turn++) {
    if (turn > 500) throw new Error('somebody waits for ever')
    await clock.advance(5)
  }
  await turnMicrotasks()
  for (const { asked, served } of orders) agree('served in order', served, asked)
  agree('timers', clock.pending, 0)
}

interface Part {
  readonly limiter: RateLimiter
  readonly model: ReferenceModel
}

function partOf(chance: Chance, clock: ManualClock): Part {
  const step = 1 + chance.below(6)
  const limit = 2 + chance.below(3)
  if (chance.percent(33)) {
    const facts = { limit, windowMs: 10 + chance.below(20) }
    return { limiter: slidingWindow({ ...facts, clock }), model: new WindowModel(facts) }
  }
  if (chance.percent(50)) {
    const facts = { limit, periodMs: limit * step, burst: 1 + chance.below(3) }
    return { limiter: gcra({ ...facts, clock }), model: new GcraModel(facts) }
  }
  const facts = { capacity: limit, refill: 1, intervalMs: step, initial: limit }
  const model = new BucketModel({ ...facts, startMs: clock.now() })
  return { limiter: tokenBucket({ ...facts, clock }), model }
}

function modelsOf(parts: readonly Part[]): ReferenceModel[] {
  return parts.map(({ model }) => model)
}

describe('keyed', () => {
  it('limits each key by itself, and may combine each with a limiter for all', () => {
    const clock = new ManualClock()
    const site = tokenBucket({ capacity: 5, clock })
    const perDevice = keyed((_id: string) => all(site, gcra({ limit: 1, burst: 1, clock })), { max: 100 })
    expect(['a', 'a', 'a', 'b', 'b', 'c', 'd'].map((id) => perDevice.tryAcquire(id))).toEqual([
      true,
      true,
      false,
      true,
      true,
      true,
      false,
    ])
    expect(perDevice.retryAfterMs('a')).toBe(1000)
    expect(perDevice.retryAfterMs('d')).toBe(200)
    expect(perDevice.reserve('d')?.delayMs).toBe(200)
    expect(perDevice.size).toBe(4)
  })

  it('lets the one that was used least recently make room', async () => {
    const clock = new ManualClock()
    const made: string[] = []
    const make = (id: string): RateLimiter => {
      made.push(id)
      return gcra({ limit: 1, clock })
    }
    const limiters = keyed(make, { max: 2 })
    await limiters.acquire('a')
    await limiters.acquire('b')
    expect(limiters.tryAcquire('a')).toBe(false)
    limiters.get('c')
    expect(limiters.size).toBe(2)
    // a was kept, b begins anew
    expect(limiters.tryAcquire('a')).toBe(false)
    expect(limiters.tryAcquire('b')).toBe(true)
    expect(made).toEqual(['a', 'b', 'c', 'b'])
  })

  it('keeps limiters at which somebody waits, and refuses further keys when that is all of them', async () => {
    const clock = new ManualClock()
    const limiters = keyed((_id: string) => gcra({ limit: 1, clock }), { max: 2 })
    await limiters.acquire('a')
    const waiting = limiters.acquire('a')
    await turnMicrotasks()
    limiters.get('b')
    limiters.get('c')
    limiters.get('d')
    expect(limiters.get('a').waiting).toBe(1)
    await limiters.acquire('d')
    const other = limiters.acquire('d')
    await turnMicrotasks()
    expect(() => limiters.get('e')).toThrow(QueueOverflowError)
    await expect(limiters.acquire('e')).rejects.toThrow('keyed rate limiter is full at 2')
    await clock.advance(1000)
    await Promise.all([waiting, other])
    expect(limiters.rejectWaiting('closing')).toBe(0)
    expect(limiters.get('e').tryAcquire()).toBe(true)
  })

  it('rejects those who wait for any key', async () => {
    const limiters = keyed((_id: number) => gcra({ limit: 1 }), { max: 5 })
    await Promise.all([limiters.acquire(1), limiters.acquire(2)])
    const waits = [rejection(limiters.acquire(1)), rejection(limiters.acquire(2))]
    await turnMicrotasks()
    expect(limiters.rejectWaiting('closing')).toBe(2)
    expect(await Promise.all(waits)).toEqual(['closing', 'closing'])
  })

  it('refuses wrong options', () => {
    expect(() => keyed(() => gcra({ limit: 1 }), { max: 0 })).toThrow(OptionError)
    expect(() => keyed(1 as never, { max: 1 })).toThrow('option make')
  })
})
