import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ccuQuirks, FakeCcu, type FakeCcuOptions } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'
import { RawCallback } from './raw-callback.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

const DEVICES = [{ type: 'HM-LC-Dim1T-Pl', address: 'LEQ0000002' }]
const EMPTY = '<value><array><data></data></array></value>'

function start(options: FakeCcuOptions): Promise<FakeCcu> {
  return new FakeCcu({ devices: DEVICES, callTimeoutMs: 5000, ...options }).start()
}

async function post(url: string, method: string, ...params: readonly string[]): Promise<[number, string]> {
  const values = params.map((param) => `<param><value>${param}</value></param>`).join('')
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`
  const response = await fetch(url, { method: 'POST', body, headers: { Connection: 'close' } })
  return [response.status, Buffer.from(await response.arrayBuffer()).toString('latin1')]
}

async function introduced(ccu: FakeCcu, server: RawCallback): Promise<void> {
  expect((await post(ccu.url, 'init', server.url, 'hub'))[0]).toBe(200)
  await ccu.settled()
}

describe('rfd', () => {
  it('writes as XmlRpc++ does: texts without a type, i4, no self-closed tags, doubles in the form of %f', async () => {
    await using ccu = await start({ profile: 'rfd' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await ccu.settled()
    const all = server.calls.map(({ body }) => body.toString('latin1')).join('')
    expect(all).not.toMatch(/<string|\/>|<int>|CDATA/)
    expect(all).toContain('<?xml version="1.0" encoding="ISO-8859-1"?>')
    expect(all).toContain('<name>CHILDREN</name><value><array><data></data></array></value>')
    expect(all).toContain('<name>PARENT</name><value></value>')
    expect(all).toContain('<name>VERSION</name><value><i4>14</i4></value>')
    expect(server.bodies('system.multicall')[0]).toContain(
      '<value>hub</value><value>LEQ0000002:1</value><value>LEVEL</value><value><double>0.500000</double></value>',
    )
    expect(await post(ccu.url, 'getParamset', 'LEQ0000002', 'MASTER')).toMatchObject([
      200,
      expect.stringContaining('<struct></struct>'),
    ])
  })

  it('sends its own headers over one connection', async () => {
    await using ccu = await start({ profile: 'rfd' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    for (const { rawHeaders, connection } of server.calls) {
      expect(connection).toBe(1)
      expect(rawHeaders).toContain('Content-length')
      expect(rawHeaders).toContain('XMLRPC++ 0.7')
      expect(rawHeaders).not.toContain('Transfer-Encoding')
    }
    ccu.setQuirks({ keepsConnection: false, lengthHeader: 'Content-Length' })
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    ccu.updateDevice('LEQ0000002')
    await ccu.settled()
    const later = server.calls.slice(3)
    expect(new Set(later.map(({ connection }) => connection)).size).toBe(2)
    expect(later[0]?.rawHeaders).toContain('Content-Length')
  })

  it('comes again on a new connection when the kept one is closed', async () => {
    await using ccu = await start({ profile: 'rfd' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    server.drop()
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await ccu.settled()
    expect(ccu.registrations()).toMatchObject([{ state: 'ready', sent: 1, failed: 0 }])
  })

  it('escapes what XML needs escaped, and keeps it whole', async () => {
    await using ccu = await start({ profile: 'rfd' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    await ccu.invoke('hub', 'error', [-1, '<string>a & b</string> ]]>'])
    expect(server.bodies('error')[0]).toContain('<value>&lt;string&gt;a &amp; b&lt;/string&gt; ]]&gt;</value>')
  })
})

describe('HmIPServer', () => {
  it('asks listDevices with an empty interface id, and offers HTTP/2 once a connection', async () => {
    await using ccu = await start({ profile: 'hmip' })
    await using server = await CallbackServer.open()
    await call(ccu.url, 'init', server.url, 'hub')
    await ccu.settled()
    expect(ccu.interfaceName).toBe('HmIP-RF')
    expect(server.of('listDevices')).toEqual([['']])
    expect(server.of('newDevices')[0]?.[0]).toBe('hub')
    expect(server.headers.map(({ upgrade }) => upgrade)).toEqual(['h2c', undefined, undefined])
    expect(server.headers[0]).toMatchObject({ connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAQAAP__' })
  })

  it.each([
    ['<string></string>', '<value><array><data><value><string></string></value></data></array></value>'],
    [
      'a text for CHILDREN',
      '<value><array><data><value><struct><member><name>CHILDREN</name><value></value></member></struct></value></data></array></value>',
    ],
  ])('gives a callback server up that answers listDevices with %s', async (_what, value) => {
    await using ccu = await start({ profile: 'hmip' })
    await using server = await RawCallback.open({ listDevices: value })
    await introduced(ccu, server)
    expect(ccu.registrations()).toMatchObject([{ state: 'dead', failed: 1 }])
    expect(ccu.answers().at(-1)?.outcome).toMatchObject({ kind: 'failed', failure: 'unacceptable' })
    expect(server.bodies('newDevices')).toEqual([])
    // the same is good enough for rfd
    await using lenient = await start({ profile: 'rfd' })
    await introduced(lenient, server)
    expect(lenient.registrations()).toMatchObject([{ state: 'ready', failed: 0 }])
  })

  it('takes an empty text in every other form', async () => {
    await using ccu = await start({ profile: 'hmip' })
    await using server = await RawCallback.open({ listDevices: EMPTY, event: '<value></value>' })
    await introduced(ccu, server)
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await ccu.settled()
    expect(ccu.registrations()).toMatchObject([{ state: 'ready', failed: 0, sent: 1 }])
  })

  it('waits for newDevices without a limit, and keeps everyone else waiting', async () => {
    let release: (value: string) => void = () => undefined
    const held = new Promise<string>((resolve) => (release = resolve))
    await using ccu = await start({ profile: 'hmip', callTimeoutMs: 500 })
    await using quick = await RawCallback.open({ listDevices: EMPTY })
    await post(ccu.url, 'init', quick.url, 'quick')
    await ccu.settled()
    await using slow = await RawCallback.open({ listDevices: EMPTY, newDevices: held })
    await post(ccu.url, 'init', slow.url, 'slow')
    while (slow.bodies('newDevices').length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(quick.bodies('event')).toEqual([])
    expect(ccu.registrations()).toMatchObject([{ queued: 1 }, { state: 'introducing', failed: 0 }])
    release('<value></value>')
    await ccu.settled()
    expect(quick.bodies('event').length).toBe(1)
    expect(ccu.registrations()).toMatchObject([{ state: 'ready' }, { state: 'ready', failed: 0 }])
  })

  it('lets everyone go on when who held them up is gone', async () => {
    await using ccu = await start({ profile: 'hmip' })
    await using quick = await RawCallback.open({ listDevices: EMPTY })
    await post(ccu.url, 'init', quick.url, 'quick')
    await ccu.settled()
    await using slow = await RawCallback.open({ listDevices: EMPTY, newDevices: new Promise<string>(() => undefined) })
    await post(ccu.url, 'init', slow.url, 'slow')
    while (slow.bodies('newDevices').length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await post(ccu.url, 'init', slow.url, '')
    await ccu.settled()
    expect(quick.bodies('event').length).toBe(1)
  })

  it('does not come again when the kept connection is closed', async () => {
    await using ccu = await start({ profile: 'hmip' })
    const never = new Promise<string>(() => undefined)
    await using server = await RawCallback.open({ listDevices: EMPTY, event: never })
    await introduced(ccu, server)
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    while (server.bodies('event').length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    server.drop()
    await ccu.settled()
    expect(ccu.registrations()).toMatchObject([{ failed: 1, lost: 1 }])
    expect(server.bodies('event').length).toBe(1)
  })

  it('spells the names of links in UTF-8, whatever it declares', async () => {
    const devices = [...DEVICES, { type: 'HM-PB-2-WM55-2', address: 'LEQ0000010' }]
    await using ccu = await start({ profile: 'hmip', devices })
    await post(ccu.url, 'addLink', 'LEQ0000010:1', 'LEQ0000002:1', 'T&#252;r', 'Gr&#246;&#223;e')
    const [, garbled] = await post(ccu.url, 'getLinkInfo', 'LEQ0000010:1', 'LEQ0000002:1')
    expect(garbled).toContain('encoding="ISO-8859-1"')
    expect(Buffer.from(garbled, 'latin1').toString('utf8')).toContain('Tür')
    ccu.setQuirks({ utf8Names: false })
    const [, right] = await post(ccu.url, 'getLinks')
    expect(right).toContain('Tür')
  })
})

describe('VirtualDevices', () => {
  it('is served at /groups, and sends empty texts where lists belong', async () => {
    await using ccu = await start({ profile: 'virtual-devices' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    expect(ccu.url).toMatch(/\/groups$/)
    expect((await post(new URL('/', ccu.url).href, 'getVersion'))[0]).toBe(404)
    await introduced(ccu, server)
    const [body = ''] = server.bodies('newDevices')
    expect(body.match(/<name>CHILDREN<\/name><value><string\/><\/value>/g)?.length).toBe(2)
    expect(body.match(/<name>PARAMSETS<\/name><value><string\/><\/value>/g)?.length).toBe(1)
    const [, described] = await post(ccu.url, 'getDeviceDescription', 'LEQ0000002')
    expect(described).toContain('<name>PARAMSETS</name><value><string/></value>')
  })

  it('sends the values of MASTER without types', async () => {
    await using ccu = await start({ profile: 'virtual-devices' })
    const [, master] = await post(ccu.url, 'getParamset', 'LEQ0000002:1', 'MASTER')
    expect(master).toContain('<name>TRANSMIT_TRY_MAX</name><value>6</value>')
    expect(master).toContain('<name>AES_ACTIVE</name><value>false</value>')
    const [, values] = await post(ccu.url, 'getParamset', 'LEQ0000002:1', 'VALUES')
    expect(values).toContain('<name>LEVEL</name><value><double>0.000000</double></value>')
  })
})

describe('the encoding', () => {
  const NAME = 'K\u{FC}che \u{B0}'

  async function errorOf(ccu: FakeCcu, server: RawCallback): Promise<Buffer> {
    await ccu.invoke('hub', 'error', [-1, NAME])
    return server.calls.at(-1)?.body ?? Buffer.alloc(0)
  }

  it('can be changed while it runs, in the calls that it makes and in its answers', async () => {
    await using ccu = await start({ profile: 'rfd' })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    const latin = await errorOf(ccu, server)
    expect(latin.toString('latin1')).toMatch(/^<\?xml version="1.0" encoding="ISO-8859-1"\?>[^]*K\u{FC}che \u{B0}</u)
    ccu.setQuirks({ encoding: 'utf-8' })
    const unicode = await errorOf(ccu, server)
    expect(unicode.toString('utf8')).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>[^]*K\u{FC}che \u{B0}</u)
    expect(unicode.byteLength).toBe(latin.byteLength - 'ISO-8859-1'.length + 'UTF-8'.length + 2)
    expect((await post(ccu.url, 'getVersion'))[1]).toContain('encoding="UTF-8"')
  })

  it('need not be declared', async () => {
    await using ccu = await start({ quirks: { declaresEncoding: false } })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    const undeclared = (await errorOf(ccu, server)).toString('latin1')
    expect(undeclared).toMatch(/^<\?xml version="1.0"\?>/)
    expect(undeclared).toContain(NAME)
  })
})

describe('a profile', () => {
  it('can be changed while it runs; whoever is registered stays so', async () => {
    await using ccu = await start({ quirks: { i4: true } })
    await using server = await RawCallback.open({ listDevices: EMPTY })
    await introduced(ccu, server)
    const seen: unknown[] = []
    ccu.observe((event) => {
      if (event.type === 'quirks') seen.push([event.profile, event.quirks.i4])
    })
    ccu.setProfile('rfd')
    expect([ccu.profile, ccu.interfaceName, ccu.quirks]).toEqual(['rfd', 'BidCos-RF', ccuQuirks('rfd')])
    ccu.report('LEQ0000002:1', 'LEVEL', 0.5)
    await ccu.settled()
    expect(server.bodies('system.multicall').length).toBe(1)
    ccu.setProfile('virtual-devices', { path: '' })
    expect([ccu.interfaceName, ccu.quirks]).toEqual(['VirtualDevices', ccuQuirks('virtual-devices', { path: '' })])
    ccu.report('LEQ0000002:1', 'LEVEL', 0.6)
    await ccu.settled()
    expect(server.bodies('event').length).toBe(1)
    expect(ccu.registrations()).toMatchObject([{ state: 'ready', sent: 2 }])
    ccu.setQuirks({ i4: true })
    expect(seen).toEqual([
      ['rfd', true],
      ['virtual-devices', false],
      ['virtual-devices', true],
    ])
    expect(() => ccu.setProfile('ccu9' as never)).toThrow(expect.objectContaining({ option: 'profile' }))
    expect(() => ccu.setProfile('rfd', { i4: 1 as never })).toThrow(expect.objectContaining({ option: 'quirks.i4' }))
    expect(ccu.profile).toBe('virtual-devices')
  })

  it('leaves a name of your own', () => {
    const ccu = new FakeCcu({ interfaceName: 'Mine' })
    ccu.setProfile('hmip')
    expect(ccu.interfaceName).toBe('Mine')
  })
})

describe('quirks', () => {
  it('can be chosen one by one, also on top of a profile', async () => {
    const ccu = new FakeCcu({ profile: 'rfd', quirks: { i4: false }, interfaceName: 'Mine' })
    expect([ccu.profile, ccu.interfaceName]).toEqual(['rfd', 'Mine'])
    expect(ccu.quirks).toMatchObject({ i4: false, openTags: true })
    ccu.setQuirks({ i4: true, path: '/here' })
    expect(ccu.quirks).toMatchObject({ i4: true, path: '/here' })
  })

  it.each([
    [{ nosuch: true }, 'quirks.nosuch'],
    [{ i4: 1 }, 'quirks.i4'],
    [{ path: 'groups' }, 'quirks.path'],
    [{ userAgent: 'a\r\nb' }, 'quirks.userAgent'],
    [{ lengthHeader: 'Length' }, 'quirks.lengthHeader'],
    [{ encoding: 'utf-16' }, 'quirks.encoding'],
    [{ declaresEncoding: 'no' }, 'quirks.declaresEncoding'],
    [{ delivery: 'post' }, 'quirks.delivery'],
    ['all', 'quirks'],
  ])('that make no sense are refused: %j', (quirks, option) => {
    const ccu = new FakeCcu()
    const before = ccu.quirks
    expect(() => ccu.setQuirks(quirks as never)).toThrow(OptionError)
    expect(() => ccu.setQuirks(quirks as never)).toThrow(expect.objectContaining({ option }))
    expect(() => new FakeCcu({ quirks: quirks as never })).toThrow(OptionError)
    expect(ccu.quirks).toBe(before)
  })
})
