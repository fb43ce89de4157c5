import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEVICE_TYPES, double, FakeCcu, type FakeCcuOptions } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call } from './peers.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

async function post(
  url: string,
  body: string,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<[number, string]> {
  const sent = request(url, { method, headers: { Connection: 'close', ...headers } })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return [response.statusCode, text]
}

describe('the life of a fake CCU', () => {
  it('keeps its port over a stop and a start, and forgets who was registered', async () => {
    const ccu = new FakeCcu()
    expect(ccu.port).toBe(0)
    const starting = ccu.start()
    expect(ccu.start()).toBe(starting)
    await starting
    const { url, port } = ccu
    expect(url).toBe(`http://127.0.0.1:${port}`)
    await call(url, 'init', 'http://127.0.0.1:1', 'hub')
    expect(ccu.registrations().length).toBe(1)
    await Promise.all([ccu.stop(), ccu.stop()])
    await ccu.start()
    expect(ccu.url).toBe(url)
    expect(ccu.registrations()).toEqual([])
    expect(ccu.interfaceName).toBe('BidCos-RF')
    await ccu.stop()
  })

  it('says which port is taken', async () => {
    await using first = await new FakeCcu().start()
    const second = new FakeCcu({ port: first.port })
    await expect(second.start()).rejects.toMatchObject({ code: 'TESTKIT_CCU_LISTEN', port: first.port })
    await second.stop()
  })

  it('writes an IPv6 host in brackets', () => {
    expect(new FakeCcu({ host: '::1' }).url).toBe('http://[::1]:0')
  })

  it('plays every device of its catalogue', async () => {
    const devices = [...DEVICE_TYPES.keys()].map((type, index) => ({
      type,
      address: `CAT${String(index).padStart(7, '0')}`,
    }))
    await using ccu = await new FakeCcu({ devices }).start()
    for (const { ADDRESS, PARAMSETS } of ccu.descriptions()) {
      for (const key of PARAMSETS) {
        if (key !== 'LINK') await call(ccu.url, 'getParamset', ADDRESS, key)
        await call(ccu.url, 'getParamsetDescription', ADDRESS, key)
      }
    }
    expect(ccu.calls().some(({ fault }) => fault !== undefined)).toBe(false)
  })

  it.each<[FakeCcuOptions, string]>([
    [{ host: '' }, 'host'],
    [{ port: 65_536 }, 'port'],
    [{ devices: {} as never }, 'devices'],
    [{ devices: [{ type: 'HM-None', address: 'LEQ0000001' }] }, 'devices.0.type'],
    [{ devices: [{ type: 'HM-Sec-SC-2', address: 'leq' }] }, 'devices.0.address'],
    [
      {
        devices: [
          { type: 'HM-Sec-SC-2', address: 'LEQ0000001' },
          { type: 'HM-Sec-SC-2', address: 'LEQ0000001' },
        ],
      },
      'devices.1.address',
    ],
    [{ quirks: { encoding: 'utf-16' as never } }, 'quirks.encoding'],
    [{ quirks: { delivery: 'post' as never } }, 'quirks.delivery'],
    [{ callTimeoutMs: 0 }, 'callTimeoutMs'],
    [{ maxRecords: 0 }, 'maxRecords'],
    [{ onError: 5 as never }, 'onError'],
  ])('refuses the options %j', (options, option) => {
    expect(() => new FakeCcu(options)).toThrow(OptionError)
    expect(() => new FakeCcu(options)).toThrow(expect.objectContaining({ option }))
  })

  it('plays no more devices than its bound', () => {
    const devices = Array.from({ length: 5001 }, (_, index) => ({
      type: 'HM-Sec-SD',
      address: `A${String(index).padStart(7, '0')}`,
    }))
    expect(() => new FakeCcu({ devices })).toThrow(/at most 5000 devices/)
  })

  it('warns of a listener that throws when nobody wants to know', async () => {
    await using ccu = await new FakeCcu().start()
    const warned = once(process, 'warning')
    ccu.observe(() => {
      throw new Error('listener of a test')
    })
    ccu.report('LEQ0000001:1', 'STATE', true)
    const [warning] = (await warned) as [Error]
    expect(warning.message).toBe('listener of a test')
  })
})

describe('a client that does harm', () => {
  it.each([
    ['no XML', 'hello', 400],
    ['nothing', '', 400],
    ['a fault instead of a call', '<methodCall><fault></fault></methodCall>', 400],
    ['a call without a name', '<methodCall><params/></methodCall>', 400],
    ['an answer', '<methodResponse><params><param><value/></param></params></methodResponse>', 400],
    [
      'an illegal boolean',
      '<methodCall><methodName>ping</methodName><params><param><value><boolean>x</boolean></value></param></params></methodCall>',
      400,
    ],
    ['too much', `<methodCall>${' '.repeat(3000)}</methodCall>`, 413],
  ])('gets an answer for %s, and the fake goes on', async (_what, body, status) => {
    await using ccu = await new FakeCcu({ maxBodyBytes: 2000 }).start()
    expect((await post(ccu.url, body))[0]).toBe(status)
    expect((await post(ccu.url, body, { 'Transfer-Encoding': 'chunked' }))[0]).toBe(status)
    expect(await call(ccu.url, 'getVersion')).toEqual(expect.any(String))
  })

  it('gets a status for another method, and for being a web page', async () => {
    await using ccu = await new FakeCcu().start()
    expect((await post(ccu.url, '', {}, 'GET'))[0]).toBe(405)
    expect((await post(ccu.url, '', { Origin: 'https://evil.example' }))[0]).toBe(403)
  })

  it('may go away in the middle of a call', async () => {
    await using ccu = await new FakeCcu().start()
    const socket = connect(ccu.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<methodCall>')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.resetAndDestroy()
    expect(await call(ccu.url, 'getVersion')).toEqual(expect.any(String))
  })

  it('does not get at a prototype through a member name', async () => {
    await using ccu = await new FakeCcu().start()
    const params = '<param><value>LEQ0000002:1</value></param><param><value>MASTER</value></param>'
    const struct =
      '<struct><member><name>__proto__</name><value><struct><member><name>TRANSMIT_TRY_MAX</name><value><int>3</int></value></member></struct></value></member></struct>'
    const body = `<methodCall><methodName>putParamset</methodName><params>${params}<param><value>${struct}</value></param></params></methodCall>`
    await post(ccu.url, body)
    expect(ccu.paramset('LEQ0000002:1', 'MASTER').value('TRANSMIT_TRY_MAX')).toBe(6)
    expect({}).not.toHaveProperty('TRANSMIT_TRY_MAX')
  })
})

describe('what goes over the wire', () => {
  it('always has a length, and doubles in the form of %f', async () => {
    await using ccu = await new FakeCcu().start()
    const body =
      '<methodCall><methodName>getValue</methodName><params><param><value>LEQ0000003:1</value></param><param><value>SET_TEMPERATURE</value></param></params></methodCall>'
    const sent = request(ccu.url, { method: 'POST', headers: { Connection: 'close' } })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { headers: Record<string, string> }]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    expect(response.headers['content-length']).toBe(String(Buffer.byteLength(text)))
    expect(response.headers).not.toHaveProperty('transfer-encoding')
    expect(text).toContain('<double>20.000000</double>')
    expect(double(5)).toEqual({ value: 5 })
  })
})
