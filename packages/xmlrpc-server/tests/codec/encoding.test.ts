import { describe, expect, it } from 'vitest'
import { decodeMethodCall, fixMojibake, XmlRpcProtocolError, type DecodeOptions } from '../../src/codec/index.ts'

const document = (text: string, encoding?: string): string =>
  `<?xml version="1.0"${encoding === undefined ? '' : ` encoding="${encoding}"`}?><methodCall><methodName>m</methodName><params><param><value>${text}</value></param></params></methodCall>`

function utf16(text: string, isBig: boolean): Buffer {
  const little = Buffer.from(`\ufeff${text}`, 'utf16le')
  return isBig ? little.swap16() : little
}

function refusal(bytes: Uint8Array, options?: DecodeOptions): XmlRpcProtocolError {
  try {
    decodeMethodCall(bytes, options)
  } catch (error) {
    if (error instanceof XmlRpcProtocolError) return error
  }
  throw new Error('was not refused with a protocol error')
}

describe('encodings', () => {
  it.each([
    ['iso-8859-1', 'K\u00fcche \u00a4', Buffer.from(document('K\u00fcche \u00a4', 'ISO-8859-1'), 'latin1')],
    ['iso-8859-15', '20 \u20ac \u0160\u0152', Buffer.from(document('20 \u00a4 \u00a6\u00bc', 'iso-8859-15'), 'latin1')],
    ['windows-1252', '\u20ac \u201ea\u201c', Buffer.from(document('\u0080 \u0084a\u0093', 'Windows-1252'), 'latin1')],
    ['us-ascii', 'plain', Buffer.from(document('plain', 'US-ASCII'))],
    ['utf-8', '\u96fb\u6c17 \u{1f600} \ufffd', Buffer.from(document('\u96fb\u6c17 \u{1f600} \ufffd', 'utf8'))],
    ['utf-8', 'marked', Buffer.from(`\ufeff${document('marked')}`)],
    ['utf-16le', '\u{1f600}\u00fc', utf16(document('\u{1f600}\u00fc', 'UTF-16'), false)],
    ['utf-16be', '\u{1f600}\u00fc', utf16(document('\u{1f600}\u00fc', 'utf-16be'), true)],
    ['utf-16be', 'undeclared', utf16(document('undeclared'), true)],
  ])('decodes %s', (encoding, text, bytes) => {
    expect(decodeMethodCall(bytes)).toMatchObject({ encoding, params: [text] })
  })

  it('reads a document as it declares itself, even when its bytes are UTF-8', () => {
    expect(decodeMethodCall(Buffer.from(document('K\u00fcche', 'ISO-8859-1'))).params).toEqual(['K\u00c3\u00bcche'])
  })

  it('lets the declaration win over the transport, and the transport over UTF-8', () => {
    const undeclared = Buffer.from(document('\u00fc'), 'latin1')
    expect(decodeMethodCall(undeclared, { charset: 'latin1' }).params).toEqual(['\u00fc'])
    const declared = Buffer.from(document('\u00fc', 'utf-8'))
    expect(decodeMethodCall(declared, { charset: 'iso-8859-1' }).params).toEqual(['\u00fc'])
    expect(refusal(undeclared, { charset: 'klingon' })).toMatchObject({ code: 'XMLRPC_ENCODING', reason: 'encoding' })
  })

  it('falls back only where nothing is declared and the bytes are not UTF-8', () => {
    const latin = Buffer.from(document('\u00fc'), 'latin1')
    expect(decodeMethodCall(latin, { encodingFallback: 'iso-8859-1' })).toMatchObject({
      encoding: 'iso-8859-1',
      params: ['\u00fc'],
    })
    expect(decodeMethodCall(Buffer.from(document('\u00fc')), { encodingFallback: 'iso-8859-1' })).toMatchObject({
      encoding: 'utf-8',
      params: ['\u00fc'],
    })
    const declared = Buffer.from(document('\u00fc', 'utf-8'), 'latin1')
    expect(refusal(declared, { encodingFallback: 'windows-1252' }).reason).toBe('character')
  })

  it('names the first byte that is not of the encoding', () => {
    const before = Buffer.byteLength(document('\ufffd\u{1f600}').split('</value>')[0] ?? '')
    const broken = Buffer.concat([Buffer.from(document('\ufffd\u{1f600}')).subarray(0, before), Buffer.of(0xe2, 0x82)])
    expect(refusal(broken)).toMatchObject({ code: 'XMLRPC_ENCODING', reason: 'character', offset: before })
    const ascii = Buffer.from(document('a\u00e9', 'us-ascii'), 'latin1')
    expect(refusal(ascii)).toMatchObject({ reason: 'character', offset: ascii.indexOf(0xe9) })
    expect(refusal(ascii).message).toContain('byte 0xe9 is not us-ascii; declare the encoding')
  })

  it('reports what comes first: a syntax error before bytes that are not of the encoding', () => {
    expect(refusal(Buffer.from('<methodCall><x>\u00fc', 'latin1')).reason).toBe('structure')
    expect(refusal(Buffer.from('<methodCall>\u00fc<x>', 'latin1')).reason).toBe('character')
  })

  it('refuses lone surrogates and half units of UTF-16', () => {
    expect(refusal(utf16(document('\ud83d'), false)).reason).toBe('character')
    expect(refusal(Buffer.concat([utf16(document('a'), true), Buffer.of(32)])).reason).toBe('character')
    expect(refusal(Buffer.of(0xfe, 0xff, 0xd8, 0x3d)).offset).toBe(2)
  })

  it('refuses characters that Windows-1252 does not assign', () => {
    expect(refusal(Buffer.from(document('\u0081', 'cp1252'), 'latin1')).reason).toBe('character')
  })

  it('refuses UTF-16 without a mark, contradictions and encodings that it does not know', () => {
    expect(refusal(Buffer.from(document('a', 'utf-16'))).message).toContain('without a byte order mark')
    expect(refusal(Buffer.from(`\ufeff${document('a', 'iso-8859-1')}`)).message).toContain('make them agree')
    expect(refusal(utf16(document('a', 'utf-8'), false)).reason).toBe('encoding')
    expect(refusal(Buffer.from(document('a', 'utf-7')))).toMatchObject({ code: 'XMLRPC_ENCODING', reason: 'encoding' })
  })
})

describe('fixMojibake', () => {
  it('repairs UTF-8 that was read as ISO-8859-1, and nothing else', () => {
    expect(fixMojibake('K\u00c3\u00bcche 21 \u00c2\u00b0C')).toBe('K\u00fcche 21 \u00b0C')
    for (const sound of ['plain', 'K\u00fcche', '\u20ac \u00c3\u00bc', '']) expect(fixMojibake(sound)).toBe(sound)
  })
})
