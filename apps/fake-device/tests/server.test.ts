import { get } from 'node:http'
import { once } from 'node:events'
import { OptionError } from '@x/loop-utils/errors'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFakeDeviceError } from '../src/fake-device-error.ts'
import { FakeDeviceServer } from '../src/server/fake-device-server.ts'
import type { FakeDeviceServerOptions } from '../src/server/server-options.ts'
import { CallbackServer } from './callback-server.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

describe('the fake-device server', () => {
  it('starts once and stops as often as it is told', async () => {
    const server = new FakeDeviceServer()
    const starting = server.start()
    expect(server.start()).toBe(starting)
    await starting
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(server.ccuUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
  })

  it('stops when it never started', async () => {
    await using server = new FakeDeviceServer()
    expect(() => server.ccuUrl).toThrow(/not started/)
  })

  it('says which port is taken, and leaves nothing behind', async () => {
    await using first = await new FakeDeviceServer().start()
    const port = Number(new URL(first.url).port)
    const second = new FakeDeviceServer({ port })
    const error: unknown = await second.start().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'FAKE_LISTEN', port, host: '127.0.0.1' })
    expect(isFakeDeviceError(error)).toBe(true)
    expect(isFakeDeviceError(new Error('x'))).toBe(false)
    await second.stop()
    const third = new FakeDeviceServer({ ccuPort: port })
    await expect(third.start()).rejects.toMatchObject({ code: 'TESTKIT_PROXY_LISTEN', port })
    await third.stop()
  })

  it('stops while readers hold on and a callback server hangs', async () => {
    await using callbacks = await CallbackServer.open({ isSilent: true })
    const server = await new FakeDeviceServer().start()
    const { url } = server
    await callbacks.register(server.ccuUrl, 'hub')
    const incoming = get(`${server.url}/api/events`)
    const settled = get(`${server.url}/api/ccu/settled`).on('error', () => undefined)
    await once(incoming, 'response')
    await server.stop()
    await expect(fetch(url)).rejects.toThrow()
    incoming.destroy()
    settled.destroy()
  })

  it('writes an IPv6 host in brackets', async () => {
    await using server = await new FakeDeviceServer({ host: '::1' }).start()
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect(server.ccuUrl).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('warns of what it did not expect when nobody wants to know', async () => {
    await using server = await new FakeDeviceServer().start()
    server.ccu.calls = () => {
      throw new Error('disk on fire')
    }
    const warned = once(process, 'warning')
    expect((await fetch(`${server.url}/api/ccu/calls`)).status).toBe(500)
    expect(await warned).toEqual([expect.objectContaining({ message: 'disk on fire' })])
  })

  it.each<[FakeDeviceServerOptions, string]>([
    [{ host: '' }, 'host'],
    [{ port: -1 }, 'port'],
    [{ ccuPort: 65_536 }, 'ccuPort'],
    [{ allowedHosts: 'x' as never }, 'allowedHosts'],
    [{ allowedHosts: [''] }, 'allowedHosts.0'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
    [{ maxEvents: 0 }, 'maxEvents'],
    [{ heartbeatMs: 0 }, 'heartbeatMs'],
    [{ settleTimeoutMs: 0 }, 'settleTimeoutMs'],
    [{ onError: 1 as never }, 'onError'],
    [{ ccu: { maxQueued: 0 } }, 'maxQueued'],
  ])('refuses the options %j', (options, option) => {
    expect(() => new FakeDeviceServer(options)).toThrow(OptionError)
    expect(() => new FakeDeviceServer(options)).toThrow(expect.objectContaining({ option }))
  })
})
