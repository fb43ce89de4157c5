import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ManualClock } from '@x/loop-utils/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { leakHooks } from '../../src/leaks/index.ts'
import { Loopback, read, until } from './loopback.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

async function errorCode(socket: Socket): Promise<unknown> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

describe('latency', () => {
  it('delays data by just so much, in order', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    loopback.proxy.addFault({ type: 'latency', stream: 'upstream', attributes: { latencyMs: 100 } })
    const client = await loopback.client()
    client.write('first ')
    await until(() => loopback.proxy.stats().bufferedBytes === 6)
    await clock.advance(60)
    client.write('second')
    await until(() => loopback.proxy.stats().bufferedBytes === 12)
    await clock.advance(39)
    expect(loopback.proxy.stats().bytesUpstream).toBe(0)
    await clock.advance(1)
    expect(loopback.proxy.stats().bytesUpstream).toBe(6)
    await clock.advance(60)
    expect((await read(client, 12)).toString()).toBe('first second')
  })

  it('keeps the order under jitter, and repeats itself with the same seed', async () => {
    const delays = async (seed: number): Promise<number[]> => {
      const clock = new ManualClock()
      await using loopback = await Loopback.open(undefined, { clock, seed })
      loopback.proxy.addFault({ type: 'latency', stream: 'upstream', attributes: { latencyMs: 50, jitterMs: 40 } })
      const client = await loopback.client()
      for (let sent = 1; sent <= 5; sent++) {
        client.write(String(sent))
        await until(() => loopback.proxy.stats().bufferedBytes === sent)
      }
      const times: number[] = []
      while (await clock.runNext()) times.push(clock.now())
      expect((await read(client, 5)).toString()).toBe('12345')
      return times
    }
    const first = await delays(7)
    expect(first).toEqual(first.toSorted((a, b) => a - b))
    expect(Math.min(...first)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...first)).toBeLessThanOrEqual(90)
    expect(await delays(7)).toEqual(first)
    expect(await delays(8)).not.toEqual(first)
  })

  it('lets what waits go at once when the fault is removed', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    const { name } = loopback.proxy.addFault({ type: 'latency', attributes: { latencyMs: 60_000 } })
    expect(name).toBe('latency_downstream')
    const client = await loopback.client()
    client.write('hello')
    await until(() => loopback.proxy.stats().bufferedBytes === 5)
    expect(loopback.proxy.removeFault(name)).toBe(true)
    expect((await read(client, 5)).toString()).toBe('hello')
  })
})

describe('bandwidth', () => {
  it('lets so many bytes through in a second', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    loopback.proxy.addFault({ type: 'bandwidth', stream: 'upstream', attributes: { bytesPerSecond: 10_000 } })
    const client = await loopback.client()
    client.write(Buffer.alloc(20_000))
    await until(() => loopback.proxy.stats().bufferedBytes > 19_000)
    await clock.advance(1000)
    const { bytesUpstream } = loopback.proxy.stats()
    // a piece of 200 bytes goes first, then the clock counts
    expect(bytesUpstream).toBe(10_200)
    await clock.advance(1000)
    expect((await read(client, 20_000)).length).toBe(20_000)
  })
})

describe('slice', () => {
  it('passes data on in small pieces, unchanged', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock, seed: 1 })
    loopback.proxy.addFault({
      type: 'slice',
      stream: 'upstream',
      attributes: { averageBytes: 10, variationBytes: 5, delayMs: 1 },
    })
    const client = await loopback.client()
    const data = randomBytes(300)
    client.write(data)
    await until(() => loopback.proxy.stats().bytesUpstream > 0)
    const steps = [loopback.proxy.stats().bytesUpstream]
    while (await clock.runNext()) steps.push(loopback.proxy.stats().bytesUpstream)
    const pieces = steps.map((total, index) => total - (steps[index - 1] ?? 0))
    expect(Math.min(...pieces.slice(0, -1))).toBeGreaterThanOrEqual(5)
    expect(Math.max(...pieces)).toBeLessThanOrEqual(15)
    expect(new Set(pieces).size).toBeGreaterThan(3)
    expect((await read(client, 300)).equals(data)).toBe(true)
  })
})

describe('cut', () => {
  it('closes the connection after just so many bytes', async () => {
    await using loopback = await Loopback.open()
    loopback.proxy.addFault({ type: 'cut', attributes: { afterBytes: 1000 } })
    const client = await loopback.client()
    client.write(Buffer.alloc(5000))
    expect((await read(client, Infinity)).length).toBe(1000)
    await until(() => loopback.proxy.stats().ended.cut === 1)
  })

  it('counts from when it was added, for each connection by itself', async () => {
    await using loopback = await Loopback.open()
    const early = await loopback.client()
    early.write('before')
    await read(early, 6)
    loopback.proxy.addFault({ type: 'cut', attributes: { afterBytes: 3 } })
    const late = await loopback.client()
    early.write('abcdef')
    late.write('uvwxyz')
    expect((await read(early, Infinity)).toString()).toBe('abc')
    expect((await read(late, Infinity)).toString()).toBe('uvw')
  })

  it('closes at the first byte when none may pass', async () => {
    await using loopback = await Loopback.open()
    loopback.proxy.addFault({ type: 'cut', stream: 'upstream', attributes: { afterBytes: 0 } })
    const client = await loopback.client()
    client.write('x')
    expect((await read(client, Infinity)).length).toBe(0)
    expect(loopback.received).toEqual([])
  })

  it('does not outlive the proxy when the peer reads no more', async () => {
    await using loopback = await Loopback.open((socket) => socket.pause())
    loopback.proxy.addFault({ type: 'cut', stream: 'upstream', attributes: { afterBytes: 20_000_000 } })
    const client = await loopback.client()
    client.on('error', () => undefined)
    client.write(Buffer.alloc(30_000_000))
    await until(() => loopback.proxy.stats().bytesUpstream > 100_000)
    await loopback.proxy.stop()
    await until(() => loopback.proxy.stats().open === 0)
    expect(loopback.proxy.stats().open).toBe(0)
  })
})

describe('reset', () => {
  it('resets open and new connections, at once or after a time', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    const open = await loopback.client()
    loopback.proxy.addFault({ type: 'reset', attributes: { afterMs: 500 } })
    const fresh = await loopback.client()
    await until(() => loopback.proxy.stats().open === 2)
    await clock.advance(499)
    expect(loopback.proxy.stats().open).toBe(2)
    const codes = Promise.all([errorCode(open), errorCode(fresh)])
    await clock.advance(1)
    expect(await codes).toEqual(['ECONNRESET', 'ECONNRESET'])
    await until(() => loopback.proxy.stats().ended.reset === 2)
  })

  it('resets after so many bytes', async () => {
    await using loopback = await Loopback.open()
    loopback.proxy.addFault({ type: 'reset', stream: 'upstream', attributes: { afterBytes: 4 } })
    const client = await loopback.client()
    client.write('123')
    expect((await read(client, 3)).toString()).toBe('123')
    const code = errorCode(client)
    client.write('456')
    expect(await code).toBe('ECONNRESET')
    expect(loopback.proxy.stats().bytesUpstream).toBe(4)
  })

  it('is called off when the fault goes before its time', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    const client = await loopback.client()
    await until(() => loopback.proxy.stats().open === 1)
    const { name } = loopback.proxy.addFault({ type: 'reset', attributes: { afterMs: 500 } })
    loopback.proxy.removeFault(name)
    expect(clock.pending).toBe(0)
    client.write('still here')
    expect((await read(client, 10)).toString()).toBe('still here')
  })
})

describe('corrupt', () => {
  it('changes about the asked share of bytes, and never their number', async () => {
    await using loopback = await Loopback.open(undefined, { seed: 3 })
    loopback.proxy.addFault({ type: 'corrupt', attributes: { probability: 0.01 } })
    const client = await loopback.client()
    const data = randomBytes(100_000)
    client.write(data)
    const echoed = await read(client, data.length)
    const changed = echoed.reduce((count, byte, index) => count + (byte === data[index] ? 0 : 1), 0)
    expect(echoed.length).toBe(data.length)
    expect(changed).toBeGreaterThan(700)
    expect(changed).toBeLessThan(1300)
    expect(Buffer.concat(loopback.received).equals(data)).toBe(true)
  })

  it.each([
    [1, 0],
    [0, 5000],
  ])('with probability %d leaves %d of 5000 bytes as they were', async (probability, kept) => {
    await using loopback = await Loopback.open()
    loopback.proxy.addFault({ type: 'corrupt', attributes: { probability } })
    const client = await loopback.client()
    const data = randomBytes(5000)
    client.write(data)
    const echoed = await read(client, data.length)
    expect(echoed.filter((byte, index) => byte === data[index]).length).toBe(kept)
  })
})

describe('half-open', () => {
  it('lets neither data nor the end through, then everything once it is removed', async () => {
    await using loopback = await Loopback.open()
    const client = await loopback.client()
    client.write('before ')
    expect((await read(client, 7)).toString()).toBe('before ')
    loopback.proxy.addFault({ type: 'half-open', stream: 'upstream' })
    client.end('held back')
    await until(() => loopback.proxy.stats().bufferedBytes === 9)
    await sleep(30)
    expect(Buffer.concat(loopback.received).toString()).toBe('before ')
    loopback.proxy.clearFaults()
    expect((await read(client, Infinity)).toString()).toBe('held back')
  })

  it('hides a reset of the other side', async () => {
    const accepted: Socket[] = []
    await using loopback = await Loopback.open((socket) => void accepted.push(socket))
    const client = await loopback.client()
    await until(() => accepted.length === 1)
    loopback.proxy.addFault({ type: 'half-open' })
    accepted[0]?.resetAndDestroy()
    await sleep(30)
    expect(client.destroyed).toBe(false)
    const code = errorCode(client)
    loopback.proxy.clearFaults()
    expect(await code).toBe('ECONNRESET')
  })

  it('ends with a reset after its time', async () => {
    const clock = new ManualClock()
    await using loopback = await Loopback.open(undefined, { clock })
    const client = await loopback.client()
    await until(() => loopback.proxy.stats().open === 1)
    loopback.proxy.addFault({ type: 'half-open', attributes: { closeAfterMs: 1000 } })
    const code = errorCode(client)
    await clock.advance(1000)
    expect(await code).toBe('ECONNRESET')
  })
})

describe('toxicity', () => {
  it('strikes a share of the connections, and decides once for each', async () => {
    await using loopback = await Loopback.open(undefined, { seed: 11 })
    loopback.proxy.addFault({ type: 'half-open', stream: 'upstream', toxicity: 0.5 })
    const clients = await Promise.all(Array.from({ length: 40 }, () => loopback.client()))
    for (const client of clients) client.write('x')
    await until(() => {
      const { bytesDownstream, bufferedBytes } = loopback.proxy.stats()
      return bytesDownstream + bufferedBytes === 40
    })
    const { bufferedBytes } = loopback.proxy.stats()
    expect(bufferedBytes).toBeGreaterThan(8)
    expect(bufferedBytes).toBeLessThan(32)
  })
})
