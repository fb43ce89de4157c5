import { describe, expect, it } from 'vitest'
import { decodeMethodCall, XmlRpcProtocolError, type XmlRpcStruct } from '../../src/codec/index.ts'

const call = (value: string): Buffer =>
  Buffer.from(
    `<?xml version="1.0"?><methodCall><methodName>m</methodName><params><param><value>${value}</value></param></params></methodCall>`,
  )

function refusal(bytes: Uint8Array): XmlRpcProtocolError {
  try {
    decodeMethodCall(bytes)
  } catch (error) {
    if (error instanceof XmlRpcProtocolError) return error
    throw error
  }
  throw new Error('was not refused')
}

/** CPU time of decoding, refusals included, in milliseconds; the least of three runs. */
function cost(bytes: Uint8Array): number {
  const runs = [0, 1, 2].map(() => {
    const before = process.cpuUsage()
    try {
      decodeMethodCall(bytes)
    } catch (error) {
      if (!(error instanceof XmlRpcProtocolError)) throw error
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...runs)
}

const many = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join('')

describe('hostile documents', () => {
  it('reads a struct of 50,000 members', () => {
    const members = many(50_000, (index) => `<member><name>k${index}</name><value><i4>${index}</i4></value></member>`)
    const struct = decodeMethodCall(call(`<struct>${members}</struct>`)).params[0] as XmlRpcStruct
    expect([Object.keys(struct).length, struct['k49999']]).toEqual([50_000, 49_999])
  })

  it('refuses 100,000 nested arrays at the 129th', () => {
    const error = refusal(call('<array><data><value>'.repeat(100_000)))
    expect(error).toMatchObject({ code: 'XMLRPC_LIMIT', reason: 'limit' })
    expect(error.offset).toBe(call('').indexOf('<value>') + 7 + 128 * 20)
  })

  it('reads 100,000 nested arrays without the stack when told to', () => {
    const depth = 100_000
    const nested = '<array><data><value>'.repeat(depth) + '</value></data></array>'.repeat(depth)
    let value: unknown = decodeMethodCall(call(nested), { maxDepth: depth }).params[0]
    let levels = 0
    while (Array.isArray(value)) {
      value = value[0]
      levels++
    }
    expect(levels).toBe(depth)
  })

  it('lets no member name touch a prototype', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'then', 'hasOwnProperty']
    const inner = '<struct><member><name>polluted</name><value>1</value></member></struct>'
    const members = names.map((name) => `<member><name>${name}</name><value>${inner}</value></member>`).join('')
    const struct = decodeMethodCall(call(`<struct>${members}</struct>`)).params[0] as XmlRpcStruct
    expect(Object.keys(struct)).toEqual(names)
    expect(Object.getPrototypeOf(struct)).toBeNull()
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(
      decodeMethodCall(Buffer.from('<methodCall><methodName>__proto__</methodName></methodCall>')).methodName,
    ).toBe('__proto__')
  })

  it.each([
    ['a bomb of entities', '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'],
    ['an external subset', '<!DOCTYPE methodCall SYSTEM "file:///etc/passwd">'],
    ['a bare name', '<!DOCTYPE methodCall>'],
    ['an unfinished one', '<!DOCTYPE'],
  ])('refuses a document type that is %s, before anything else', (_, doctype) => {
    const error = refusal(
      Buffer.from(`<?xml version="1.0"?>${doctype}<methodCall><methodName>&b;</methodName></methodCall>`),
    )
    expect(error).toMatchObject({ reason: 'doctype', offset: 21 })
  })

  it('takes time linear in the length of what it reads', () => {
    const shapes: readonly ((count: number) => Buffer)[] = [
      (count) => call(`<struct>${many(count, (index) => `<member><name>k${index}</name><value/></member>`)}</struct>`),
      (count) => call('&amp;'.repeat(count * 8)),
      (count) => call('<![CDATA[]]>'.repeat(count * 4)),
      (count) => call('&'.repeat(count * 40)),
      (count) => call('<!-- x -->'.repeat(count * 4)),
      (count) => Buffer.from(`<!--${'-'.repeat(count * 40)}`),
      (count) => Buffer.from(`<methodCall ${many(count, (index) => `a${index}="x" `)}>`),
      (count) => call(`<base64>${'A A\n'.repeat(count * 10)}</base64>`),
      (count) => call(`<base64>AA${' '.repeat(count * 4)}AA</base64>`),
      (count) => call(`<i4>1${' \n'.repeat(count * 2)}1</i4>`),
      (count) => call(`<i4>1${' '.repeat(count * 40)}</i4>`),
      (count) => call(`<double>${'1'.repeat(count * 40)}x</double>`),
      (count) => call(`<ex:biginteger>${'9'.repeat(count * 40)}</ex:biginteger>`),
      (count) => call(' \r\n'.repeat(count * 10)),
      (count) => call('<array><data>'.repeat(count)),
      (count) => Buffer.from(`<${'a'.repeat(count * 40)}`),
      (count) => Buffer.from(`${' '.repeat(count * 40)}<?xml version="1.0"?>`),
    ]
    for (const [index, shape] of shapes.entries()) {
      const small = cost(shape(2_000))
      const large = cost(shape(20_000))
      // Ten times as much; a quadratic reader takes a hundred times as long.
      expect(large, `shape ${index}: ${small} ms, ${large} ms`).toBeLessThan(40 * Math.max(small, 2))
    }
  })
})
