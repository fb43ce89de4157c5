import { OptionError } from '@x/loop-utils/errors'
import { describe, expect, it } from 'vitest'
import {
  decodeMethodCall,
  decodeMethodResponse,
  MethodCallDecoder,
  XmlRpcDateTime,
  XmlRpcDouble,
  XmlRpcFault,
  XmlRpcProtocolError,
  type DecodeOptions,
  type XmlRpcValue,
} from '../../src/codec/index.ts'

function call(value: string, options?: DecodeOptions): XmlRpcValue | undefined {
  const document = `<?xml version="1.0"?><methodCall><methodName>m</methodName><params><param><value>${value}</value></param></params></methodCall>`
  return decodeMethodCall(Buffer.from(document), options).params[0]
}

function refusal(run: () => unknown): XmlRpcProtocolError {
  try {
    run()
  } catch (error) {
    if (error instanceof XmlRpcProtocolError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('decodeMethodCall', () => {
  it('tells the method, its parameters and the encoding', () => {
    const bytes = Buffer.from(
      '<?xml version="1.0" encoding="ISO-8859-1"?><methodCall><methodName>a.b:c/d_1</methodName></methodCall>',
    )
    expect(decodeMethodCall(bytes)).toEqual({
      methodName: 'a.b:c/d_1',
      params: [],
      encoding: 'iso-8859-1',
      tolerated: [],
    })
  })

  it('reads only the part of a buffer that it is given', () => {
    const padded = Buffer.from(`xx<methodCall><methodName>m</methodName></methodCall>xx`)
    expect(decodeMethodCall(padded.subarray(2, -2)).methodName).toBe('m')
  })

  it('gives integers as numbers while they are safe, else as bigints', () => {
    expect(call('<i8>9007199254740991</i8>')).toBe(9007199254740991)
    expect(call('<i8>-9007199254740992</i8>')).toBe(-9007199254740992n)
    expect(call('<ex:biginteger>-123456789012345678901234567890</ex:biginteger>')).toBe(
      -123456789012345678901234567890n,
    )
    expect(Object.is(call('<int>-0</int>'), 0)).toBe(true)
    expect(Object.is(call('<int> -0 </int>'), 0)).toBe(true)
  })

  it('refuses integers beyond the width of their type', () => {
    for (const text of ['i1>128', 'i1>-129', 'i2>32768', 'i8>9223372036854775808', 'ex:i1>400']) {
      const [type = '', digits = ''] = text.split('>')
      expect(refusal(() => call(`<${type}>${digits}</${type}>`)).reason).toBe('value')
    }
    expect([call('<i1>-128</i1>'), call('<i2>32767</i2>')]).toEqual([-128, 32767])
    expect(refusal(() => call(`<ex:biginteger>${'9'.repeat(3000)}</ex:biginteger>`)).message).toContain('2048 digits')
  })

  it('tells doubles from integers when asked to', () => {
    expect(call('<double>5.0</double>')).toBe(5)
    expect(call('<double>5.0</double>', { doubles: 'tagged' })).toEqual(new XmlRpcDouble(5))
    expect(call('<int>5</int>', { doubles: 'tagged' })).toBe(5)
  })

  it('admits what is lenient only by option', () => {
    expect(refusal(() => call('<boolean>true</boolean>')).reason).toBe('value')
    expect(call('<boolean>True</boolean>', { lenientBooleans: true })).toBe(true)
    expect(call('<boolean>false</boolean>', { lenientBooleans: true })).toBe(false)
    expect(refusal(() => call('<boolean>yes</boolean>', { lenientBooleans: true })).reason).toBe('value')
    expect(call('<double>-INF</double>', { nonFiniteDoubles: true })).toBe(-Infinity)
    expect(call('<double>NaN</double>', { nonFiniteDoubles: true })).toBeNaN()
    expect(call('<double>1e400</double>', { nonFiniteDoubles: true })).toBe(Infinity)
    const odd = Buffer.from('<methodCall><methodName>größe</methodName></methodCall>')
    expect(refusal(() => decodeMethodCall(odd)).reason).toBe('value')
    expect(decodeMethodCall(odd, { lenientMethodNames: true }).methodName).toBe('größe')
  })

  it('lets the last of equal members count, or refuses them', () => {
    for (const space of ['', ' ']) {
      const member = (value: string): string => `<member>${space}<name>a</name><!-- --><value>${value}</value></member>`
      const twice = `<struct>${member('1')}${member('2')}</struct>`
      expect(call(twice)).toEqual({ a: '2' })
      expect(refusal(() => call(twice, { duplicateMembers: 'reject' })).message).toContain('member "a" comes twice')
    }
    const compact =
      '<struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct>'
    expect(call(compact)).toEqual({ a: '2' })
    expect(refusal(() => call(compact, { duplicateMembers: 'reject' })).reason).toBe('value')
  })

  it('reads members in either order of name and value', () => {
    expect(call('<struct><member><value><i4>1</i4></value><name>a</name></member></struct>')).toEqual({ a: 1 })
  })

  it('gives structs without a prototype', () => {
    const struct = call('<struct><member><name>__proto__</name><value>x</value></member></struct>') as object
    expect(Object.getPrototypeOf(struct)).toBeNull()
    expect(Object.keys(struct)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(call('<struct/>'))).toBeNull()
  })

  it('passes over leading space and trailing NULs, and says so', () => {
    const document = '<?xml version="1.0"?><methodCall><methodName>m</methodName></methodCall>'
    expect(decodeMethodCall(Buffer.from(`\r\n ${document}`)).tolerated).toEqual(['leading-space'])
    expect(decodeMethodCall(Buffer.from(`${document}\n\0\0`)).tolerated).toEqual(['trailing-nul'])
    expect(decodeMethodCall(Buffer.from(` ${document}\0`)).tolerated).toEqual(['leading-space', 'trailing-nul'])
    expect(refusal(() => decodeMethodCall(Buffer.from(`${document}\0x`))).reason).toBe('character')
    expect(refusal(() => decodeMethodCall(Buffer.from(`${' '.repeat(600)}${document}`))).reason).toBe('syntax')
  })

  it('names the byte, line and column of what it refuses', () => {
    const document = '<methodCall>\r\n<methodName>ü</methodName>\n\r  <bogus/>'
    const error = refusal(() => decodeMethodCall(Buffer.from(document), { lenientMethodNames: true }))
    expect(error).toMatchObject({ code: 'XMLRPC_PARSE', reason: 'structure', line: 4, column: 3 })
    expect(error.offset).toBe(Buffer.byteLength(document) - '<bogus/>'.length)
    expect(error.message).toBe(`<bogus> within <methodCall> (line 4, column 3, byte ${error.offset})`)
  })

  it('names the place of a bad reference behind other line ends', () => {
    expect(refusal(() => call('a\r\nb&x;')).column).toBe(2)
    expect(refusal(() => call('a\r\nb&x;')).line).toBe(2)
  })

  it('refuses a document beyond its bounds', () => {
    const bytes = Buffer.from('<methodCall><methodName>m</methodName></methodCall>')
    expect(refusal(() => decodeMethodCall(bytes, { maxBytes: 10 }))).toMatchObject({ code: 'XMLRPC_LIMIT', offset: 10 })
    const nested = '<array><data><value><struct/></value></data></array>'
    expect(call(nested, { maxDepth: 2 })).toEqual([{}])
    expect(refusal(() => call(nested, { maxDepth: 1 })).message).toContain('deeper than 1 levels; raise maxDepth')
    const three = '<array><data><value/><value>a</value></data></array>'
    expect(call(three, { maxNodes: 3 })).toEqual(['', 'a'])
    expect(refusal(() => call(three, { maxNodes: 2 })).message).toContain('more than 2 values; raise maxNodes')
    expect(
      refusal(() =>
        decodeMethodCall(Buffer.from(`<methodCall><methodName>${'m'.repeat(256)}</methodName></methodCall>`)),
      ).code,
    ).toBe('XMLRPC_LIMIT')
  })

  it('refuses tags and attributes that are no XML', () => {
    const within = (text: string): XmlRpcProtocolError =>
      refusal(() => decodeMethodCall(Buffer.from(`<methodCall ${text}><methodName>m</methodName></methodCall>`)))
    expect(within('a="1" a="2"').message).toContain("attribute 'a' is given twice")
    expect(within('a="&bad;"').reason).toBe('reference')
    expect(within('a="1"b="2"').reason).toBe('syntax')
    expect(within(`a="${'x'.repeat(5000)}"`).code).toBe('XMLRPC_LIMIT')
    expect(refusal(() => call('</>')).reason).toBe('syntax')
    expect(refusal(() => call('<!ELEMENT x>')).reason).toBe('syntax')
    expect(refusal(() => call('<? pi?>')).message).toContain('without a proper target')
    expect(refusal(() => call('<?pi=x?>')).reason).toBe('syntax')
    expect(refusal(() => call('<?pi \u0001?>')).reason).toBe('character')
    expect(call('a<?pi?><?pi x?>b')).toBe('ab')
    expect(call('<i4 a="1" b=\'&lt;\' >7</i4 >')).toBe(7)
    expect(refusal(() => call(`<${'a'.repeat(60)}>`)).message).toContain('aaa...> within <value>')
    expect(refusal(() => decodeMethodCall(Buffer.from(`<${'a'.repeat(60)}>`))).message).toContain(
      'aaa...>, not <methodCall>',
    )
    expect(refusal(() => call(`<i4>1</${'a'.repeat(60)}>`)).message).toContain('aaa...> ends <i4>')
    expect(refusal(() => call(`<i4>${'1'.repeat(60)}x</i4>`)).message).toContain('111..." is no integer')
    expect(refusal(() => call(`<array>${'x'.repeat(60)}</array>`)).message).toContain('xxx..." in <array>')
    expect(refusal(() => call(`<${'é'.repeat(5000)}>`)).reason).toBe('limit')
  })

  it('refuses what comes after the root element', () => {
    const document = '<methodCall><methodName>m</methodName></methodCall>'
    expect(refusal(() => decodeMethodCall(Buffer.from(`${document}${document}`))).message).toContain('a second root')
    expect(refusal(() => decodeMethodCall(Buffer.from(`${document}</x>`))).message).toContain('</x> without <x>')
    expect(decodeMethodCall(Buffer.from(`${document}<?pi?><!---->\n`)).methodName).toBe('m')
  })

  it.each(['<![CDATA[]]>', '<![CDATA[ \n]]>', '&#32;', '&#x9;'])('refuses %j outside the root element', (written) => {
    const root = '<methodCall><methodName>m</methodName></methodCall>'
    for (const [document, offset] of [
      [`${written}${root}`, 0],
      [`${root}\n<!---->${written}`, root.length + 8],
    ] as const) {
      const error = refusal(() => decodeMethodCall(Buffer.from(document)))
      expect(error).toMatchObject({ code: 'XMLRPC_PARSE', reason: 'document', offset })
      expect(error.message).toContain(`text ${JSON.stringify(written)} outside the root element`)
      for (let cut = 0; cut <= document.length; cut++) {
        const decoder = new MethodCallDecoder()
        const inPieces = refusal(() => {
          decoder.push(Buffer.from(document.slice(0, cut)))
          decoder.end(Buffer.from(document.slice(cut)))
        })
        expect([inPieces.message, inPieces.offset]).toEqual([error.message, error.offset])
      }
    }
  })

  it('refuses references and comments that end nowhere', () => {
    expect(refusal(() => call('&')).reason).toBe('reference')
    expect(refusal(() => call('&#00000000000000000065;')).reason).toBe('reference')
    expect(refusal(() => decodeMethodCall(Buffer.from('<methodCall><!--'))).reason).toBe('truncated')
    expect(refusal(() => decodeMethodCall(Buffer.from('<methodCall><?x'))).reason).toBe('truncated')
    expect(call('&#x9;&#10;&#x10FFFF;')).toBe('\t\n\u{10ffff}')
  })

  it('reads dates as wall clocks', () => {
    const date = call('<dateTime.iso8601> 20240229T23:59:59 </dateTime.iso8601>')
    expect(date).toBeInstanceOf(XmlRpcDateTime)
    expect((date as XmlRpcDateTime).text).toBe('20240229T23:59:59')
  })

  it('gives base64 as bytes of their own', () => {
    const bytes = call('<base64>AAEC\n/w==</base64>') as Uint8Array
    expect(bytes).toEqual(Uint8Array.of(0, 1, 2, 255))
    expect(bytes.buffer.byteLength).toBe(4)
  })

  it.each([
    ['maxBytes', { maxBytes: 0 }],
    ['maxDepth', { maxDepth: 1.5 }],
    ['maxNodes', { maxNodes: -1 }],
    ['lenientBooleans', { lenientBooleans: 1 as unknown as boolean }],
    ['duplicateMembers', { duplicateMembers: 'first' as 'last' }],
    ['doubles', { doubles: 'exact' as 'tagged' }],
    ['encodingFallback', { encodingFallback: 'utf-7' as 'iso-8859-1' }],
    ['charset', { charset: 5 as unknown as string }],
  ])('refuses the option %s when it is wrong', (option, options) => {
    expect(() => call('x', options)).toThrow(OptionError)
    expect(() => call('x', options)).toThrow(expect.objectContaining({ option }))
  })

  it('takes options that are undefined for left out', () => {
    expect(call('x', { maxBytes: undefined } as unknown as DecodeOptions)).toBe('x')
  })
})

describe('decodeMethodResponse', () => {
  const response = (content: string): Uint8Array => Buffer.from(`<methodResponse>${content}</methodResponse>`)

  it('gives a fault as a value', () => {
    const member = (name: string, value: string): string =>
      `<member><name>${name}</name><value>${value}</value></member>`
    const fault = `<fault><value><struct>${member('faultCode', '<i4>-1</i4>')}${member('faultString', 'no')}</struct></value></fault>`
    const decoded = decodeMethodResponse(response(fault))
    expect(decoded.kind === 'fault' && decoded.fault).toBeInstanceOf(XmlRpcFault)
    expect(decoded).toMatchObject({
      kind: 'fault',
      fault: { faultCode: -1, faultString: 'no', message: 'fault -1: no' },
    })
  })

  it('takes a response without a result for void only when asked to', () => {
    for (const bytes of [new Uint8Array(0), Buffer.from(' \n'), response(''), response('<params/>')]) {
      expect(refusal(() => decodeMethodResponse(bytes)).code).toBe('XMLRPC_PARSE')
      expect(decodeMethodResponse(bytes, { emptyAsVoid: true })).toMatchObject({ kind: 'result', value: null })
    }
  })

  it('refuses more than one result', () => {
    const param = '<param><value>a</value></param>'
    expect(refusal(() => decodeMethodResponse(response(`<params>${param}${param}</params>`))).reason).toBe('structure')
  })

  it('names what it got instead of a response', () => {
    expect(refusal(() => decodeMethodResponse(Buffer.from('<html><title>401</title></html>'))).message).toContain(
      'the root element is <html>, not <methodResponse>',
    )
  })
})
