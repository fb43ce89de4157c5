import { describe, expect, it } from 'vitest'
import type { CallEntry } from '../../src/codec/call-entry.ts'
import { ReceivedCallDecoder } from '../../src/codec/decode.ts'
import {
  decodeMethodCall,
  XmlRpcProtocolError,
  type DecodeOptions,
  type XmlRpcStruct,
  type XmlRpcValue,
} from '../../src/codec/index.ts'

const member = (name: string, value: string): string => `<member><name>${name}</name><value>${value}</value></member>`
const array = (...values: readonly string[]): string =>
  `<array><data>${values.map((value) => `<value>${value}</value>`).join('')}</data></array>`
const entry = (method: string, ...params: readonly string[]): string =>
  `<struct>${member('methodName', method)}${member('params', array(...params))}</struct>`
const call = (...params: readonly string[]): string =>
  `<methodCall><methodName>system.multicall</methodName><params>${params
    .map((param) => `<param><value>${param}</value></param>`)
    .join('')}</params></methodCall>`

const EVENT = entry('event', 'rf', 'A:1', 'LEVEL', '<double>0.5</double>')
const OTHER = entry('newDevices', 'rf', array(`<struct>${member('ADDRESS', 'A')}</struct>`))
/** White space wherever it means nothing, but within a value. */
const spread = (document: string): string =>
  document.replaceAll('><', '>\r\n <').replaceAll('<value>\r\n ', '<value>').replaceAll('</double>\r\n ', '</double>')

const READ_AS_CALLS = {
  'events, one like the other': call(array(EVENT, EVENT, EVENT)),
  'calls of different methods': call(array(EVENT, OTHER, EVENT, entry('ping'), OTHER)),
  'no call at all': call(array()),
  'white space between the tags': spread(call(array(EVENT, OTHER, EVENT))),
  'a call without parameters': call(array(entry('listDevices'), entry('listDevices', 'rf'))),
  'a struct like a call among the parameters': call(array(entry('m', EVENT), entry('m', EVENT))),
  'typed strings': call(array(entry('<string>event</string>', '<string>rf</string>'))),
}

const READ_AS_STRUCTS = {
  'an entry that is no struct': call(array(EVENT, '5')),
  'parameters before the name': call(
    array(`<struct>${member('params', array('a'))}${member('methodName', 'event')}</struct>`),
  ),
  'a third member': call(array(`<struct>${EVENT.slice(8, -9)}${member('more', '1')}</struct>`)),
  'a method name that is no string': call(array(entry('<i4>5</i4>'))),
  'parameters that are no array': call(array(`<struct>${member('methodName', 'm')}${member('params', 'x')}</struct>`)),
  'the same member twice': call(array(`<struct>${EVENT.slice(8, -9)}${member('params', array('other'))}</struct>`)),
  'an empty struct': call(array('<struct></struct>')),
  'a reference in a text': call(array(EVENT, entry('event', 'a &amp; b'))),
  'a comment': call(array(EVENT, `<!-- -->${EVENT}`)),
  'two parameters': call(array(EVENT), '5'),
  'no array': call(EVENT),
  'no parameter': call(),
}

const REFUSED = {
  'an end that is missing': call(array(EVENT, EVENT)).slice(0, -60),
  'an end of another tag': call(array(EVENT, EVENT.replace('</array>', '</struct>'))),
  'text between the entries': call(array(EVENT, `${EVENT}x`)),
  'an entry that is cut short': call(array(EVENT, EVENT.replace('</member></struct>', '</struct>'))),
}

type Outcome = { readonly params: readonly unknown[] } | { readonly code: string; readonly message: string }

function asStruct(value: CallEntry): XmlRpcStruct {
  return Object.assign(Object.create(null) as XmlRpcStruct, { methodName: value.methodName, params: value.params })
}

function outcome(decode: () => readonly XmlRpcValue[]): Outcome {
  try {
    return { params: decode() }
  } catch (error) {
    if (!(error instanceof XmlRpcProtocolError)) throw error
    return { code: error.code, message: error.message }
  }
}

function received(document: string, options: DecodeOptions = {}, cut = document.length): Outcome {
  return outcome(() => {
    const decoder = new ReceivedCallDecoder(options)
    if (cut < document.length) decoder.push(Buffer.from(document.slice(0, cut)))
    const { params, calls } = decoder.end(Buffer.from(cut < document.length ? document.slice(cut) : document))
    if (calls === undefined) return params
    expect(params).toEqual([])
    return [calls.map((each) => asStruct(each))]
  })
}

const plain = (document: string, options: DecodeOptions = {}): Outcome =>
  outcome(() => decodeMethodCall(Buffer.from(document), options).params)

const readsCalls = (document: string): boolean =>
  new ReceivedCallDecoder({}).end(Buffer.from(document)).calls !== undefined

describe('a multicall as a server takes it', () => {
  it.each(Object.entries(READ_AS_CALLS))('is read as calls: %s', (_, document) => {
    expect(readsCalls(document)).toBe(true)
    expect(received(document)).toEqual(plain(document))
  })

  it.each(Object.entries(READ_AS_STRUCTS))('is read as any other call: %s', (_, document) => {
    expect(readsCalls(document)).toBe(false)
    expect(received(document)).toEqual(plain(document))
  })

  it.each(Object.entries(REFUSED))('is refused as any other call: %s', (_, document) => {
    expect(received(document)).toHaveProperty('code')
    expect(received(document)).toEqual(plain(document))
  })

  it('is the same wherever it is cut', () => {
    for (const document of Object.values({ ...READ_AS_CALLS, ...READ_AS_STRUCTS, ...REFUSED })) {
      const whole = plain(document)
      const json = JSON.stringify(whole)
      for (let cut = 0; cut < document.length; cut++) expect(JSON.stringify(received(document, {}, cut))).toBe(json)
    }
  })

  it('meets the same bounds', () => {
    for (const document of Object.values({ ...READ_AS_CALLS, ...READ_AS_STRUCTS })) {
      for (let most = 1; most < 40; most++) {
        expect(received(document, { maxNodes: most })).toEqual(plain(document, { maxNodes: most }))
      }
      for (let most = 1; most < 8; most++) {
        expect(received(document, { maxDepth: most })).toEqual(plain(document, { maxDepth: most }))
      }
      for (const options of [{ duplicateMembers: 'reject' }, { doubles: 'tagged' }] as const) {
        expect(received(document, options)).toEqual(plain(document, options))
      }
    }
  })

  it('is nothing special under another name', () => {
    const document = call(array(EVENT)).replace('system.multicall', 'collect')
    expect(readsCalls(document)).toBe(false)
    expect(received(document)).toEqual(plain(document))
  })
})
