import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { ManualClock } from '@x/loop-utils/clock'
import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeCcu, type CcuState } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

/** The status of a call, or the code of the error without one. */
async function knock(url: string): Promise<unknown> {
  const body = '<methodCall><methodName>getVersion</methodName></methodCall>'
  try {
    const response = await fetch(url, { method: 'POST', body, headers: { Connection: 'close' } })
    await response.text()
    return response.status
  } catch (error) {
    return ((error as Error).cause as NodeJS.ErrnoException).code
  }
}

describe('a reboot', () => {
  it('refuses connections, then answers 503, then is ready; registrations are lost, values are not', async () => {
    const clock = new ManualClock()
    await using ccu = await new FakeCcu({ clock }).start()
    await using server = await CallbackServer.open()
    const states: CcuState[] = []
    ccu.observe((event) => void (event.type === 'power' && states.push(event.state)))
    await call(ccu.url, 'init', server.url, 'hub')
    await ccu.settled()
    ccu.report('LEQ0000001:1', 'STATE', true)
    await ccu.settled()
    const { url } = ccu
    const rebooted = ccu.reboot({ downMs: 1000, startingMs: 2000 })
    await clock.settle()
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(ccu.state).toBe('down')
    expect(ccu.registrations()).toEqual([])
    expect(await knock(url)).toBe('ECONNREFUSED')
    await clock.advance(1000)
    while (ccu.state === 'down' || clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await knock(url)).toBe(503)
    await clock.advance(2000)
    await rebooted
    expect(ccu.url).toBe(url)
    expect(await call(url, 'getValue', 'LEQ0000001:1', 'STATE')).toBe(true)
    expect(await call(url, 'clientServerInitialized', 'hub')).toBe(false)
    expect(states).toEqual(['down', 'starting', 'ready'])
  })

  it('without pauses is ready at once, and starts what was stopped', async () => {
    await using ccu = new FakeCcu()
    expect(ccu.state).toBe('stopped')
    await ccu.reboot()
    expect([ccu.state, await knock(ccu.url)]).toEqual(['ready', 200])
  })

  it('that is interrupted by another one begins anew', async () => {
    const clock = new ManualClock()
    await using ccu = await new FakeCcu({ clock }).start()
    const first = ccu.reboot({ downMs: 1000 })
    await clock.settle()
    const second = ccu.reboot({ downMs: 0 })
    await Promise.all([first, second])
    expect([ccu.state, await knock(ccu.url), clock.pending]).toEqual(['ready', 200, 0])
  })

  it('ends when the fake stops, and it can be started again', async () => {
    const clock = new ManualClock()
    await using ccu = await new FakeCcu({ clock }).start()
    const { url } = ccu
    const rebooted = ccu.reboot({ downMs: 1000 })
    await clock.settle()
    await ccu.stop()
    await rebooted
    expect([ccu.state, await knock(url), clock.pending]).toEqual(['stopped', 'ECONNREFUSED', 0])
    await ccu.start()
    expect([ccu.state, ccu.url]).toEqual(['ready', url])
  })

  it('fails when its port was taken meanwhile', async () => {
    const clock = new ManualClock()
    await using ccu = await new FakeCcu({ clock }).start()
    const { port } = ccu
    const rebooted = ccu.reboot({ downMs: 1000 })
    const outcome = rebooted.catch((error: unknown) => error)
    await clock.settle()
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
    const thief = createServer().listen(port, '127.0.0.1')
    await once(thief, 'listening')
    expect((thief.address() as AddressInfo).port).toBe(port)
    await clock.advance(1000)
    expect(await outcome).toMatchObject({ code: 'TESTKIT_CCU_LISTEN', port })
    expect(ccu.state).toBe('stopped')
    thief.close()
    await once(thief, 'close')
  })

  it.each([
    [{ downMs: -1 }, 'downMs'],
    [{ startingMs: Infinity }, 'startingMs'],
  ])('is refused with %j, and nothing happens', async (options, option) => {
    await using ccu = await new FakeCcu().start()
    const error: unknown = await ccu.reboot(options).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option })
    expect([ccu.state, await knock(ccu.url)]).toEqual(['ready', 200])
  })
})

describe('a start', () => {
  it('answers 503 for as long as it is told to', async () => {
    const clock = new ManualClock()
    await using ccu = await new FakeCcu({ clock, startingMs: 500 }).start()
    expect([ccu.state, await knock(ccu.url)]).toEqual(['starting', 503])
    await clock.advance(500)
    expect([ccu.state, await knock(ccu.url)]).toEqual(['ready', 200])
  })
})
