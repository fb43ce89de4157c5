import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultProxy, type FaultSpec } from '../../src/faults/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { Loopback, read, until } from './loopback.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

async function errorCode(socket: Socket): Promise<unknown> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

describe('a proxy without a fault', () => {
  it('passes every byte on, both ways, and both ends', async () => {
    await using loopback = await Loopback.open()
    const data = randomBytes(3_000_000)
    const client = await loopback.client()
    client.end(data)
    const echoed = await read(client, Infinity)
    expect(echoed.equals(data)).toBe(true)
    expect(Buffer.concat(loopback.received).equals(data)).toBe(true)
    await until(() => loopback.proxy.stats().open === 0)
    expect(loopback.proxy.stats()).toEqual({
      open: 0,
      accepted: 1,
      ended: { closed: 1, cut: 0, reset: 0, refused: 0 },
      bytesUpstream: data.length,
      bytesDownstream: data.length,
      bufferedBytes: 0,
    })
  })

  it('lets one side end while the other goes on sending', async () => {
    await using loopback = await Loopback.open((socket) => {
      socket.on('end', () => {
        socket.write('late ')
        setTimeout(() => socket.end('answer'), 20)
      })
    })
    const client = await loopback.client()
    client.end('question')
    expect((await read(client, Infinity)).toString()).toBe('late answer')
  })

  it('holds little when the reader is slow', async () => {
    await using loopback = await Loopback.open((socket) => socket.pause(), { bufferBytes: 10_000 })
    const client = await loopback.client()
    client.on('error', () => undefined)
    client.write(Buffer.alloc(50_000_000))
    await until(() => loopback.proxy.stats().bufferedBytes > 0)
    await sleep(50)
    // at most the bound and the one read that crosses it
    expect(loopback.proxy.stats().bufferedBytes).toBeLessThanOrEqual(10_000 + 65_536)
    expect(loopback.proxy.stats().bytesUpstream).toBeLessThan(50_000_000)
  })

  it('resets the client when the server resets, and when there is no server', async () => {
    await using loopback = await Loopback.open((socket) => socket.resetAndDestroy())
    expect(await errorCode(loopback.connecting())).toBe('ECONNRESET')

    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    await using orphan = await Loopback.open(undefined, { upstream: { port } })
    expect(await errorCode(orphan.connecting())).toBe('ECONNRESET')
    await until(() => orphan.proxy.stats().ended.refused === 1)
  })

  it('resets the server when the client is gone while it still sends', async () => {
    await using loopback = await Loopback.open((socket) => {
      const more = setInterval(() => socket.write('more'), 1)
      socket.on('close', () => clearInterval(more))
    })
    const client = await loopback.client()
    client.end()
    await once(client, 'readable')
    client.destroy()
    await until(() => loopback.proxy.stats().open === 0)
    expect(loopback.proxy.stats().ended.reset).toBe(1)
  })

  it('resets connections beyond its limit', async () => {
    await using loopback = await Loopback.open(undefined, { maxConnections: 1 })
    await loopback.client()
    expect(await errorCode(loopback.connecting())).toBe('ECONNRESET')
    expect(loopback.proxy.stats()).toMatchObject({ open: 1, accepted: 2, ended: { reset: 1 } })
  })
})

describe('the faults of a proxy', () => {
  it('are listed as toxiproxy would: name, type, stream, toxicity, attributes', () => {
    const proxy = new FaultProxy({ upstream: { port: 1 } })
    proxy.addFault({ type: 'latency', attributes: { latencyMs: 5 } })
    proxy.addFault({ type: 'reset', name: 'mine', stream: 'upstream', toxicity: 0.25 })
    expect(proxy.faults()).toEqual([
      {
        name: 'latency_downstream',
        type: 'latency',
        stream: 'downstream',
        toxicity: 1,
        attributes: { latencyMs: 5, jitterMs: 0 },
      },
      {
        name: 'mine',
        type: 'reset',
        stream: 'upstream',
        toxicity: 0.25,
        attributes: { afterMs: 0, afterBytes: Infinity },
      },
    ])
    expect(proxy.removeFault('mine')).toBe(true)
    expect(proxy.removeFault('mine')).toBe(false)
    proxy.clearFaults()
    proxy.clearFaults()
    expect(proxy.faults()).toEqual([])
  })

  it.each([
    ['no object', null, 'fault'],
    ['an unknown type', { type: 'toString' }, 'fault.type'],
    ['an unknown stream', { type: 'reset', stream: 'sideways' }, 'fault.stream'],
    ['an empty name', { type: 'reset', name: '' }, 'fault.name'],
    ['a toxicity above 1', { type: 'reset', toxicity: 2 }, 'fault.toxicity'],
    ['a missing attribute', { type: 'latency', attributes: {} }, 'fault.attributes.latencyMs'],
    ['missing attributes', { type: 'cut' }, 'fault.attributes.afterBytes'],
    ['an unknown attribute', { type: 'cut', attributes: { afterBytes: 1, extra: 2 } }, 'fault.attributes.extra'],
    ['a negative delay', { type: 'latency', attributes: { latencyMs: -1 } }, 'fault.attributes.latencyMs'],
    ['an endless delay', { type: 'latency', attributes: { latencyMs: Infinity } }, 'fault.attributes.latencyMs'],
    [
      'a bandwidth of nothing',
      { type: 'bandwidth', attributes: { bytesPerSecond: 0 } },
      'fault.attributes.bytesPerSecond',
    ],
    ['half a byte', { type: 'slice', attributes: { averageBytes: 0.5 } }, 'fault.attributes.averageBytes'],
    ['a list of attributes', { type: 'reset', attributes: [] }, 'fault.attributes'],
  ])('refuses %s', (_what, spec, option) => {
    const proxy = new FaultProxy({ upstream: { port: 1 } })
    expect(() => proxy.addFault(spec as unknown as FaultSpec)).toThrow(expect.objectContaining({ option }))
    expect(proxy.faults()).toEqual([])
  })

  it('refuses a second one of the same name, and too many', () => {
    const proxy = new FaultProxy({ upstream: { port: 1 } })
    for (let number = 0; number < 100; number++) proxy.addFault({ type: 'reset', name: `f${number}` })
    expect(() => proxy.addFault({ type: 'reset', name: 'f7' })).toThrow(
      expect.objectContaining({ code: 'TESTKIT_FAULT_EXISTS', fault: 'f7' }),
    )
    expect(() => proxy.addFault({ type: 'reset' })).toThrow(
      expect.objectContaining({ code: 'TESTKIT_FAULT_LIMIT', limit: 100 }),
    )
  })
})

describe('the life of a proxy', () => {
  it('starts and stops as often as it is told, and keeps its counters', async () => {
    await using loopback = await Loopback.open()
    const { proxy } = loopback
    expect(await proxy.start()).toBe(proxy)
    const { port } = proxy
    expect(port).toBeGreaterThan(0)
    await Promise.all([proxy.stop(), proxy.stop()])
    await proxy.stop()
    expect(proxy.port).toBe(0)
    await proxy.start()
    const client = await loopback.client()
    client.write('again')
    expect((await read(client, 5)).toString()).toBe('again')
  })

  it('says which port is taken', async () => {
    await using loopback = await Loopback.open()
    const second = new FaultProxy({ upstream: { port: 1 }, port: loopback.proxy.port })
    await expect(second.start()).rejects.toMatchObject({ code: 'TESTKIT_PROXY_LISTEN', port: loopback.proxy.port })
    await second.stop()
  })

  it.each([
    [{ upstream: { port: 70_000 } }, 'upstream.port'],
    [{ upstream: { port: 1 }, port: -1 }, 'port'],
    [{ upstream: { port: 1 }, host: '' }, 'host'],
    [{ upstream: { port: 1 }, seed: 0.5 }, 'seed'],
    [{ upstream: { port: 1 }, bufferBytes: 0 }, 'bufferBytes'],
    [{ upstream: { port: 1 }, maxConnections: 0 }, 'maxConnections'],
  ])('refuses the options %j', (options, option) => {
    expect(() => new FaultProxy(options)).toThrow(OptionError)
    expect(() => new FaultProxy(options)).toThrow(expect.objectContaining({ option }))
  })
})
