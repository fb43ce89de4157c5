import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMethodCall,
  decodeMethodResponse,
  encodeFault,
  encodeMethodCall,
  encodeMethodResponse,
  MethodCallDecoder,
  XmlRpcProtocolError,
  type DecodeOptions,
  type XmlRpcInput,
  type XmlRpcValue,
} from '../../src/codec/index.ts'
import { methodName, text, value } from './arbitrary.ts'
import { tag } from './tagged.ts'
import { bytesOf, vectors } from './vector-file.ts'

const tagged = { doubles: 'tagged' } as const

function tags(values: readonly XmlRpcInput[]): unknown {
  return values.map((item) => tag(item as XmlRpcValue))
}

describe('the codec', () => {
  it('reads every call that it writes, in every encoding', () => {
    const encodings = fc.constantFrom('utf-8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252')
    fc.assert(
      fc.property(methodName, fc.array(value, { maxLength: 4 }), encodings, (name, params, encoding) => {
        const call = decodeMethodCall(encodeMethodCall(name, params, { encoding }), tagged)
        expect(call).toMatchObject({ methodName: name, encoding })
        expect(call.params.map(tag)).toEqual(tags(params))
      }),
      { numRuns: 400 },
    )
  })

  it('reads every response that it writes', () => {
    fc.assert(
      fc.property(value, (result) => {
        const response = decodeMethodResponse(encodeMethodResponse(result, { emptyString: 'untyped' }), tagged)
        expect(response.kind === 'result' && tag(response.value)).toEqual(tag(result as XmlRpcValue))
      }),
      { numRuns: 300 },
    )
  })

  it('reads every fault that it writes', () => {
    fc.assert(
      fc.property(fc.integer(), text, (faultCode, faultString) => {
        const response = decodeMethodResponse(encodeFault({ faultCode, faultString }))
        expect(response).toMatchObject({ kind: 'fault', fault: { faultCode, faultString } })
      }),
    )
  })

  it('gives the same call wherever its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), fc.array(fc.nat(), { maxLength: 6 }), (params, cuts) => {
        const bytes = encodeMethodCall('m', params)
        const decoder = new MethodCallDecoder(tagged)
        let from = 0
        for (const at of cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)) {
          decoder.push(bytes.subarray(from, at))
          from = at
        }
        expect(decoder.end(bytes.subarray(from))).toEqual(decodeMethodCall(bytes, tagged))
      }),
    )
  })

  it('answers any bytes with a call or with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        checkOwnError(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('answers any mutation of a document with a call or with its own error', () => {
    const documents = vectors
      .filter(({ kind }) => kind === 'call')
      .map(bytesOf)
      .filter(({ length }) => length < 3000)
    const edit = fc.tuple(fc.nat(), fc.nat({ max: 8 }), fc.oneof(fc.uint8Array({ maxLength: 4 }), fragment))
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.array(edit, { minLength: 1, maxLength: 4 }), (document, edits) => {
        let bytes = Buffer.from(document)
        for (const [place, removed, inserted] of edits) {
          const at = place % (bytes.length + 1)
          bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
        }
        checkOwnError(bytes)
      }),
      { numRuns: 3000 },
    )
  })
})

const fragment = fc
  .constantFrom(
    '<',
    '>',
    '/',
    '&',
    ';',
    '<value>',
    '</value>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<struct/>',
    ' a="b"',
    '\r\n',
  )
  .map((piece) => Buffer.from(piece))

function checkOwnError(bytes: Uint8Array): void {
  const lenient = { encodingFallback: 'windows-1252', nonFiniteDoubles: true, lenientBooleans: true } as const
  for (const outcome of [attempt(bytes, {}), attempt(bytes, lenient)]) {
    const isOurs = typeof outcome === 'string' || outcome instanceof XmlRpcProtocolError
    expect(isOurs, String(outcome)).toBe(true)
    const { offset } = outcome instanceof XmlRpcProtocolError ? outcome : { offset: 0 }
    expect(offset).toBeLessThanOrEqual(bytes.length)
  }
}

/** The method's name, or whatever was thrown. */
function attempt(bytes: Uint8Array, options: DecodeOptions): unknown {
  try {
    return decodeMethodCall(bytes, options).methodName
  } catch (error) {
    return error
  }
}
