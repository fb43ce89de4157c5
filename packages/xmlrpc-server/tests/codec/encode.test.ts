import { OptionError } from '@x/loop-utils/errors'
import { describe, expect, it } from 'vitest'
import {
  double,
  encodeFault,
  encodeMethodCall,
  encodeMethodResponse,
  XmlRpcDateTime,
  XmlRpcEncodeError,
  type EncodeOptions,
  type XmlRpcInput,
} from '../../src/codec/index.ts'

/** What stands between `<value>` and `</value>` for a result. */
function written(value: XmlRpcInput, options?: EncodeOptions): string {
  const text = Buffer.from(encodeMethodResponse(value, options)).toString('latin1')
  const match =
    /^<\?xml version="1\.0" encoding="[A-Z0-9-]+"\?><methodResponse><params><param><value>(.*)<\/value><\/param><\/params><\/methodResponse>$/s.exec(
      text,
    )
  if (match === null) throw new Error(`not of the expected form: ${text}`)
  return match[1] ?? ''
}

function refusal(value: unknown, options?: EncodeOptions): XmlRpcEncodeError {
  try {
    encodeMethodResponse(value as XmlRpcInput, options)
  } catch (error) {
    if (error instanceof XmlRpcEncodeError) return error
    throw error
  }
  throw new Error('was not refused')
}

const ccu: EncodeOptions = { dialect: 'ccu' }

describe('encodeMethodCall', () => {
  it('writes the form of the specification', () => {
    const bytes = encodeMethodCall('event', ['BidCos-RF', 'MEQ0123456:1', 'STATE', true])
    expect(Buffer.from(bytes).toString()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>event</methodName><params>' +
        '<param><value><string>BidCos-RF</string></value></param><param><value><string>MEQ0123456:1</string></value></param>' +
        '<param><value><string>STATE</string></value></param><param><value><boolean>1</boolean></value></param>' +
        '</params></methodCall>',
    )
  })

  it('names the parameter and the path that has no form', () => {
    const params = ['a', { list: [1, { deep: Number.NaN }] }]
    expect(() => encodeMethodCall('m', params)).toThrow('params[1].list[1].deep is NaN')
  })

  it.each(['', 'a b', 'größe', 'x'.repeat(256)])('refuses the method name %j', (name) => {
    expect(() => encodeMethodCall(name, [])).toThrow(XmlRpcEncodeError)
  })
})

describe('encodeMethodResponse', () => {
  it.each<[XmlRpcInput, string, string]>([
    [0, '<int>0</int>', '<i4>0</i4>'],
    [-2147483648, '<int>-2147483648</int>', '<i4>-2147483648</i4>'],
    [7n, '<int>7</int>', '<i4>7</i4>'],
    [true, '<boolean>1</boolean>', '<boolean>1</boolean>'],
    [0.5, '<double>0.5</double>', '<double>0.5</double>'],
    [double(5), '<double>5.0</double>', '<double>5.0</double>'],
    [-0, '<double>-0.0</double>', '<double>-0.0</double>'],
    [1e21, '<double>1000000000000000000000.0</double>', '<double>1000000000000000000000.0</double>'],
    ['', '<string></string>', ''],
    ['a<b>&"\'', '<string>a&lt;b&gt;&amp;"\'</string>', '<string>a&lt;b&gt;&amp;"\'</string>'],
    ['a\rb\n', '<string>a&#13;b\n</string>', '<string>a\rb\n</string>'],
    [[], '<array><data></data></array>', '<array><data></data></array>'],
    [{}, '<struct></struct>', '<struct></struct>'],
    [Uint8Array.of(0, 255), '<base64>AP8=</base64>', '<base64>AP8=</base64>'],
    [
      new XmlRpcDateTime('20240229T23:59:59'),
      '<dateTime.iso8601>20240229T23:59:59</dateTime.iso8601>',
      '<dateTime.iso8601>20240229T23:59:59</dateTime.iso8601>',
    ],
  ])('writes %o as %s, in the ccu dialect as %s', (value, standard, inCcu) => {
    expect(written(value)).toBe(standard)
    expect(written(value, ccu)).toBe(inCcu)
  })

  it('uses nil and i8 in the standard dialect only', () => {
    expect(written(null)).toBe('<nil/>')
    expect(written(2147483648)).toBe('<i8>2147483648</i8>')
    expect(written(-9223372036854775808n)).toBe('<i8>-9223372036854775808</i8>')
    expect(refusal(null, ccu).message).toContain('result is null')
    expect(refusal({ a: 2147483648 }, ccu)).toMatchObject({ code: 'XMLRPC_ENCODE', path: 'result.a' })
    expect(refusal(9223372036854775808n).message).toContain('beyond 64 bits')
  })

  it('leaves out members that are undefined', () => {
    expect(written({ a: undefined, b: 1 })).toBe(
      '<struct><member><name>b</name><value><int>1</int></value></member></struct>',
    )
  })

  it('writes empty strings in the form that is asked for', () => {
    expect(written({ a: '', b: [''] }, { emptyString: 'untyped' })).toBe(
      '<struct><member><name>a</name><value></value></member><member><name>b</name><value><array><data><value></value></data></array></value></member></struct>',
    )
    expect(written({ a: '', b: 'x' }, { ...ccu, emptyString: 'omit' })).toBe(
      '<struct><member><name>b</name><value><string>x</string></value></member></struct>',
    )
    expect(written('', { ...ccu, emptyString: 'typed' })).toBe('<string></string>')
  })

  it('never closes a tag itself and never references a character in the ccu dialect', () => {
    const text = Buffer.from(encodeMethodResponse([[], {}, '', 'a\r', { '': '' }], ccu)).toString()
    expect(text).not.toMatch(/\/>|&#|<nil|<i8|<!/)
  })

  it('writes characters beyond the encoding as references, or refuses or replaces them', () => {
    expect(written('20 €', { encoding: 'iso-8859-1' })).toBe('<string>20 &#8364;</string>')
    expect(written('\u{1f600}ü', { encoding: 'us-ascii' })).toBe('<string>&#128512;&#252;</string>')
    expect(written('€ü', { encoding: 'windows-1252' })).toBe('<string>\u0080ü</string>')
    expect(written('€¼', { encoding: 'iso-8859-15' })).toBe('<string>\u00a4&#188;</string>')
    expect(refusal('€', { ...ccu, encoding: 'iso-8859-1' }).message).toContain('U+20AC')
    expect(written('20 €', { ...ccu, encoding: 'iso-8859-1', unencodable: 'replace' })).toBe('<string>20 ?</string>')
  })

  it('refuses characters that XML has no form for, or replaces them', () => {
    for (const text of ['\u0000', '\u001b', '\ufffe', '\ud800', 'a\udc00']) {
      expect(refusal([text]).path).toBe('result[0]')
      expect(written(text, { unencodable: 'replace' })).toContain('?')
    }
  })

  it('refuses infinities unless they are admitted', () => {
    expect(refusal(Infinity).message).toBe('result is Infinity; XML-RPC has no such double')
    const admitted = [Infinity, -Infinity, Number.NaN].map((value) => written(value, { nonFiniteDoubles: true }))
    expect(admitted).toEqual(['<double>inf</double>', '<double>-inf</double>', '<double>nan</double>'])
  })

  it('refuses what is no XML-RPC value, saying what to give', () => {
    class Point {
      readonly x = 1
    }
    expect(refusal(new Date(0)).message).toContain('XmlRpcDateTime.fromEpochMs()')
    expect(refusal({ p: new Point() }).message).toContain('result.p is an instance of Point; give a plain object')
    expect(refusal(new Map()).message).toContain('an instance of Map')
    expect(refusal([undefined]).message).toContain('result[0] is undefined')
    expect(refusal(() => 1).message).toContain('is function')
    expect(refusal(Symbol('x')).message).toContain('is symbol')
  })

  it('refuses values that contain themselves, and those nested too deep', () => {
    const loop: XmlRpcInput[] = []
    loop.push(loop)
    expect(refusal(loop).message).toContain('nested deeper than 128 levels, or contains itself')
    expect(refusal(loop).path).toMatch(/…$/)
    expect(written([[1]], { maxDepth: 2 })).toContain('<int>1</int>')
    expect(refusal([[1]], { maxDepth: 1 }).path).toBe('result[0]')
  })

  it.each([
    ['dialect', { dialect: 'hmip' as 'ccu' }],
    ['encoding', { encoding: 'utf-16' as 'utf-8' }],
    ['emptyString', { emptyString: 'nil' as 'omit' }],
    ['nonFiniteDoubles', { nonFiniteDoubles: 'yes' as unknown as boolean }],
    ['unencodable', { unencodable: 'drop' as 'error' }],
    ['maxDepth', { maxDepth: 5000 }],
  ])('refuses the option %s when it is wrong', (option, options) => {
    expect(() => encodeMethodResponse(1, options)).toThrow(OptionError)
    expect(() => encodeMethodResponse(1, options)).toThrow(expect.objectContaining({ option }))
  })
})

describe('encodeFault', () => {
  const fault = (text: string, options?: EncodeOptions): string =>
    Buffer.from(encodeFault({ faultCode: -32601, faultString: text }, options)).toString('latin1')

  it('writes code and text', () => {
    expect(fault('Method not found: x')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><methodResponse><fault><value><struct>' +
        '<member><name>faultCode</name><value><int>-32601</int></value></member>' +
        '<member><name>faultString</name><value><string>Method not found: x</string></value></member>' +
        '</struct></value></fault></methodResponse>',
    )
  })

  it('never fails for its text', () => {
    expect(fault('€\u0000', { ...ccu, encoding: 'iso-8859-1' })).toContain('<string>??</string>')
    expect(fault('', { ...ccu, emptyString: 'omit' })).toContain('<name>faultString</name><value></value>')
  })

  it('refuses a code that is no integer of 32 bits', () => {
    expect(Buffer.from(encodeFault({ faultCode: -0, faultString: '' })).toString()).toContain('<int>0</int>')
    expect(() => encodeFault({ faultCode: 1.5, faultString: '' })).toThrow(XmlRpcEncodeError)
    expect(() => encodeFault({ faultCode: 2 ** 40, faultString: '' })).toThrow('fault.faultCode is')
  })
})
