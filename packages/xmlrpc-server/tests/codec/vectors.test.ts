import { describe, expect, it } from 'vitest'
import { decodeMethodCall, decodeMethodResponse, XmlRpcProtocolError, type XmlRpcValue } from '../../src/codec/index.ts'
import { normalize, tag, type Tagged } from './tagged.ts'
import { bytesOf, vectors, type Vector } from './vector-file.ts'

interface Decoded {
  readonly method: string | null
  readonly params: readonly XmlRpcValue[]
  readonly fault?: { readonly faultCode: number; readonly faultString: string }
}

function decode(vector: Vector): Decoded | XmlRpcProtocolError {
  try {
    if (vector.kind === 'call') {
      const { methodName, params } = decodeMethodCall(bytesOf(vector), { doubles: 'tagged' })
      return { method: methodName, params }
    }
    const response = decodeMethodResponse(bytesOf(vector), { doubles: 'tagged' })
    if (response.kind === 'fault') return { method: null, params: [], fault: response.fault }
    return { method: null, params: [response.value] }
  } catch (error) {
    if (error instanceof XmlRpcProtocolError) return error
    throw error
  }
}

function accepted(vector: Vector): Decoded {
  const decoded = decode(vector)
  if (decoded instanceof XmlRpcProtocolError) throw decoded
  return decoded
}

/** What all peers made of a document; where they differ, CPython is the one that does as the policy says. */
function expectedParams(vector: Vector): readonly Tagged[] | undefined {
  return vector.expected?.params ?? vector.peers?.['cpython-3.11.7']?.params
}

describe('documents that seven implementations were given', () => {
  it('are 295', () => {
    expect(vectors).toHaveLength(295)
  })

  it.each(
    vectors
      .filter(({ recommended, expected }) => recommended === 'ok' && expected?.s !== 'fault')
      .map((vector) => [vector.id, vector] as const),
  )('accepts %s with the value that the others give', (_, vector) => {
    const decoded = accepted(vector)
    expect(decoded.method).toBe(vector.expected?.method ?? decoded.method)
    const expected = vector.expected?.big === true ? decoded.params.map(tag) : expectedParams(vector)
    expect(expected).toBeDefined()
    expect(decoded.params.map(tag)).toEqual(expected?.map(normalize))
  })

  it.each(vectors.filter(({ expected }) => expected?.s === 'fault').map((vector) => [vector.id, vector] as const))(
    'reads the fault of %s',
    (_, vector) => {
      const { faultCode, faultString } = accepted(vector).fault ?? {}
      expect([tag(faultCode ?? null), tag(faultString ?? null)]).toEqual([
        vector.expected?.code,
        vector.expected?.string,
      ])
    },
  )

  it.each(vectors.filter(({ recommended }) => recommended === 'reject').map((vector) => [vector.id, vector] as const))(
    'refuses %s with its own error',
    (_, vector) => {
      const error = decode(vector)
      expect(error).toBeInstanceOf(XmlRpcProtocolError)
      const { offset, line, column } = error as XmlRpcProtocolError
      expect(offset).toBeGreaterThanOrEqual(0)
      expect(offset).toBeLessThanOrEqual(bytesOf(vector).length)
      expect(Math.min(line, column)).toBeGreaterThanOrEqual(1)
    },
  )

  // Where peers differ and either is fine, this is the list of what this codec does.
  it('accepts or refuses what is left open as its policy says', () => {
    const open = vectors.filter(({ recommended }) => recommended === 'any')
    const refused = open.filter((vector) => decode(vector) instanceof XmlRpcProtocolError).map(({ id }) => id)
    expect(refused).toEqual([
      'i4-15',
      'i8-15',
      'double-13',
      'double-14',
      'double-15',
      'double-16',
      'double-17',
      'double-18',
      'value-text-before-type',
      'nil-text',
      'apache-ex-serializable',
      'bare-dateTime',
      'date-10',
      'date-11',
      'base64-06',
      'base64-07',
      'base64-09',
      'base64-10',
      'array-text-in-data',
      'deep-array-500',
      'deep-array-2000',
      'deep-array-20000',
      'deep-array-100000',
      'deep-struct-5000',
      'latin1-undeclared',
      'methodname-unicode',
      'methodname-entity',
      'params-before-name',
      'doc-unknown-child',
      'doc-param-outside',
      'doc-value-no-param',
      'doc-ns-prefix',
      'attr-flood',
      'fault-missing-code',
      'fault-not-struct',
    ])
    const agreed = open.filter((vector) => vector.expected?.s === 'ok' && vector.expected.params !== undefined)
    for (const vector of agreed.filter(({ id }) => !refused.includes(id))) {
      expect(accepted(vector).params.map(tag), vector.id).toEqual(vector.expected?.params?.map(normalize))
    }
  })
})
