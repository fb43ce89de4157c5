import { describe, expect, it } from 'vitest'
import { Dispatcher, type Overflow, attachPoster } from '../../src/dispatch/index.ts'
import { turns, upTo } from './threads.ts'

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  take(value: unknown): void
  twice(value: number): number
}

function open(overflow: Overflow, credit = 8) {
  const dispatcher = new Dispatcher({ name: 'house' })
  const got: unknown[] = []
  dispatcher.register({ take: (value: unknown) => got.push(value), twice: (value: number) => value * 2 })
  const poster = attachPoster<Handlers>(dispatcher.connect({ name: 'meter', overflow, credit }))
  return { dispatcher, got, poster }
}

describe('backpressure', () => {
  it('makes post wait for credit, keeps the order, and bounds how many wait', async () => {
    const { dispatcher, got, poster } = open('drop-newest', 4)
    const posts = upTo(8).map((i) => poster.post('take', i))
    await expect(poster.post('take', 'too many')).rejects.toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: "poster 'meter' of dispatcher 'house'",
      capacity: 4,
    })
    expect(poster.emit('take', 'dropped')).toBe(false)
    expect(poster.depth).toBe(8)
    await Promise.all(posts)
    await poster.close()
    expect(got).toEqual(upTo(8))
    expect(dispatcher.stats().dropped.newest).toBe(1)
    await dispatcher.close()
  })

  it('drops the newest, counts it, and says so', async () => {
    const { dispatcher, got, poster } = open('drop-newest')
    expect(upTo(12).map((i) => poster.emit('take', i))).toEqual(upTo(12).map((i) => i < 8))
    await poster.close()
    expect(got).toEqual(upTo(8))
    expect(dispatcher.stats()).toMatchObject({ delivered: 8, accepted: 8, dropped: { newest: 4 } })
    await dispatcher.close()
  })

  it('throws at the limit when told to', async () => {
    const { dispatcher, got, poster } = open('error')
    let accepted = 0
    expect(() => {
      for (;;) if (poster.emit('take', accepted)) accepted++
    }).toThrow(expect.objectContaining({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 8 }))
    await poster.close()
    expect(accepted).toBe(8)
    expect(got).toEqual(upTo(8))
    expect(dispatcher.stats().dropped.overflow).toBe(1)
    await dispatcher.close()
  })

  it('drops instead of blocking where blocking is not allowed', async () => {
    const { dispatcher, got, poster } = open('block')
    const accepted = upTo(20).filter((i) => poster.emit('take', i)).length
    expect(accepted).toBe(8)
    await poster.close()
    expect(got).toEqual(upTo(accepted))
    expect(dispatcher.stats().dropped.newest).toBe(12)
    await dispatcher.close()
  })

  it('drops the oldest event that was not sent, and never a call or a post', async () => {
    const { dispatcher, got, poster } = open('drop-oldest')
    for (const i of upTo(5)) poster.emit('take', i)
    const answer = poster.call('twice', [21])
    const posted = poster.post('take', 'posted')
    for (const i of upTo(100)) expect(poster.emit('take', 100 + i)).toBe(true)
    expect(await answer).toBe(42)
    await posted
    await poster.close()
    expect(got).toContain('posted')
    // the newest are there, whatever came before them
    expect(got.slice(-2)).toEqual([198, 199])
    const { dropped, accepted, delivered } = dispatcher.stats()
    expect(dropped.oldest).toBeGreaterThan(90)
    expect(delivered).toBe(got.length + 1)
    expect(accepted).toBe(delivered + dropped.oldest)
    await dispatcher.close()
  })

  it('coalesces events with the same key that were not sent', async () => {
    const dispatcher = new Dispatcher()
    const got: [string, number][] = []
    dispatcher.register({ state: (key: string, value: number) => got.push([key, value]) })
    const poster = attachPoster<{ state(key: string, value: number): void }>(
      dispatcher.connect({ overflow: 'coalesce', credit: 8 }),
      { coalesceBy: (_handler, [key]) => key as string },
    )
    for (const i of upTo(100)) {
      poster.emit('state', 'a', i)
      poster.emit('state', 'b', i)
    }
    await poster.close()
    // the last value of each key arrives, and far fewer than were emitted
    expect(got.slice(-2)).toEqual([
      ['a', 99],
      ['b', 99],
    ])
    expect(got.length).toBeLessThan(12)
    expect(dispatcher.stats().coalesced).toBe(200 - got.length)
    await dispatcher.close()
  })

  it('drops what can neither wait nor be coalesced', async () => {
    const { dispatcher, got, poster } = open('coalesce', 4)
    const other = attachPoster<Handlers>(dispatcher.connect({ overflow: 'coalesce', credit: 4 }), {
      coalesceBy: (_handler, [value]) => String(value),
    })
    for (const i of upTo(10)) poster.emit('take', i)
    const accepted = upTo(10).filter((i) => other.emit('take', 100 + i))
    expect(accepted.length).toBeLessThan(5)
    await poster.close()
    await other.close()
    expect(got).toContain(9)
    expect(got.filter((value) => (value as number) >= 100)).toEqual(accepted.map((i) => 100 + i))
    expect(dispatcher.stats().dropped.newest).toBe(10 - accepted.length)
    await dispatcher.close()
  })

  it('puts events that wait into the port when flushed, whatever the credit', async () => {
    const { dispatcher, got, poster } = open('drop-oldest')
    for (const i of upTo(8)) poster.emit('take', i)
    poster.flush()
    const { length } = got
    expect(length).toBe(0)
    await dispatcher.drain()
    await turns()
    expect(got).toEqual(upTo(8))
    await dispatcher.close()
  })

  it('moves whole buffers when told to, and copies parts', async () => {
    const dispatcher = new Dispatcher()
    const got: Uint8Array[] = []
    dispatcher.register({ take: (...all: Uint8Array[]) => got.push(...all) })
    const poster = attachPoster<{ take(...all: (Uint8Array | ArrayBuffer)[]): void }>(
      dispatcher.connect({ transfer: true }),
    )
    const whole = new Uint8Array([1, 2, 3])
    const part = new Uint8Array([4, 5, 6]).subarray(1)
    const bare = new Uint8Array([7]).buffer
    const empty = new Uint8Array(0)
    poster.emit('take', whole, part, bare, empty)
    await poster.post('take', new Uint8Array([8]))
    await poster.call('take', [new Uint8Array([9])])
    const twice = new Uint8Array([10])
    expect(poster.emit('take', twice, twice.buffer)).toBe(true)
    poster.flush()
    expect(twice.byteLength).toBe(0)
    expect(whole.byteLength).toBe(0)
    expect(bare.byteLength).toBe(0)
    expect(part.byteLength).toBe(2)
    await poster.close()
    expect(got.map((bytes) => [...new Uint8Array(bytes)])).toEqual([[1, 2, 3], [5, 6], [7], [], [8], [9], [10], [10]])
    await dispatcher.close()
  })

  it('bounds the calls that have no answer', async () => {
    const dispatcher = new Dispatcher()
    dispatcher.register({ never: () => new Promise(() => undefined) })
    const poster = attachPoster(dispatcher.connect({ maxCalls: 2, name: 'meter' }))
    const calls = [poster.call('never', []), poster.call('never', [])]
    await expect(poster.call('never', [])).rejects.toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 2 })
    await turns()
    expect(dispatcher.stats().runningCalls).toBe(2)
    const report = await dispatcher.close({ mode: 'discard' })
    expect(report.rejectedCalls).toBe(2)
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
  })

  it('rejects a call that finds neither credit nor a place to wait', async () => {
    const { dispatcher, poster } = open('error', 2)
    const calls = await Promise.allSettled(upTo(8).map((i) => poster.call('twice', [i])))
    const rejected = calls.filter(({ status }) => status === 'rejected')
    expect(rejected.length).toBeGreaterThan(0)
    for (const call of rejected) expect(call).toMatchObject({ reason: { code: 'LOOP_QUEUE_OVERFLOW' } })
    expect(calls.find(({ status }) => status === 'fulfilled')).toEqual({ status: 'fulfilled', value: 0 })
    await dispatcher.close()
  })
})
