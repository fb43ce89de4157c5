import { describe, expect, it } from 'vitest'
import {
  MethodCallDecoder,
  MethodResponseDecoder,
  XmlRpcProtocolError,
  type DecodeOptions,
} from '../../src/codec/index.ts'
import { bytesOf, vectors, type Vector } from './vector-file.ts'

const OPTIONS: readonly DecodeOptions[] = [
  {},
  { encodingFallback: 'iso-8859-1', duplicateMembers: 'reject', doubles: 'tagged' },
  { maxNodes: 20, maxDepth: 8, charset: 'iso-8859-15' },
]

/** What decoding gave, errors included, in a form that compares by value. */
function decode(vector: Vector, options: DecodeOptions, pieces: readonly Uint8Array[]): unknown {
  const decoder = vector.kind === 'call' ? new MethodCallDecoder(options) : new MethodResponseDecoder(options)
  try {
    for (const piece of pieces) {
      const scratch = Uint8Array.from(piece)
      decoder.push(scratch)
      scratch.fill(0x3c) // the decoder must not keep a buffer that the caller uses again
    }
    return decoder.end()
  } catch (error) {
    if (!(error instanceof XmlRpcProtocolError)) throw error
    const { code, reason, message, offset, line, column } = error
    return { code, reason, message, offset, line, column }
  }
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

describe('decoding in pieces', () => {
  it('gives the same for every vector split at every byte', () => {
    let splits = 0
    for (const vector of vectors) {
      const bytes = bytesOf(vector)
      if (bytes.length > 700) continue
      const whole = JSON.stringify(decode(vector, {}, [bytes]), bigints)
      const different: number[] = []
      for (let at = 0; at <= bytes.length; at++) {
        const split = decode(vector, {}, [bytes.subarray(0, at), bytes.subarray(at)])
        if (JSON.stringify(split, bigints) !== whole) different.push(at)
        splits++
      }
      expect(different, vector.id).toEqual([])
    }
    expect(splits).toBeGreaterThan(30_000)
  })

  it.each(OPTIONS)('gives the same for every vector in pieces of any size, with %o', (options) => {
    for (const vector of vectors) {
      const bytes = bytesOf(vector)
      const whole = decode(vector, options, [bytes])
      for (const size of bytes.length < 2500 ? [1, 2, 3, 7, 64] : [1000, 65_536]) {
        expect(decode(vector, options, cut(bytes, size)), `${vector.id} in pieces of ${size}`).toEqual(whole)
      }
    }
  })

  it('takes time linear in the length of a text that comes byte by byte', () => {
    const decoder = new MethodCallDecoder()
    decoder.push(Buffer.from('<methodCall><methodName>m</methodName><params><param><value>'))
    const length = 400_000
    const letter = Buffer.from('x')
    for (let at = 0; at < length; at++) decoder.push(letter)
    const { params } = decoder.end(Buffer.from('</value></param></params></methodCall>'))
    expect(params).toEqual(['x'.repeat(length)])
  })

  it('takes time linear in the length of a document that is held until its encoding shows', () => {
    const cost = (length: number): number => {
      const decoder = new MethodCallDecoder({ encodingFallback: 'iso-8859-1' })
      const before = process.cpuUsage()
      decoder.push(Buffer.from('<methodCall><methodName>m</methodName><params><param><value>\xfc', 'latin1'))
      const letters = Buffer.from('xx')
      for (let at = 0; at < length; at++) decoder.push(letters)
      expect(decoder.end(Buffer.from('</value></param></params></methodCall>'))).toMatchObject({
        params: [`ü${'xx'.repeat(length)}`],
        encoding: 'iso-8859-1',
      })
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    const small = Math.min(cost(10_000), cost(10_000))
    const large = cost(100_000)
    // Ten times as much; a quadratic reader takes a hundred times as long.
    expect(large, `${small} ms, ${large} ms`).toBeLessThan(40 * Math.max(small, 5))
  })

  it('keeps no more of small pieces than their bytes', () => {
    const decoder = new MethodCallDecoder()
    const pieces = 500_000
    const beginning = `<methodCall><methodName>m</methodName><params><param><value>${'x'.repeat(2 * pieces)}`
    decoder.push(Buffer.from(beginning))
    const letter = Buffer.from('x')
    const before = process.memoryUsage()
    for (let at = 0; at < pieces; at++) decoder.push(letter)
    const after = process.memoryUsage()
    // an object for each piece would take a hundred times as much
    const grown = after.heapUsed - before.heapUsed + after.external - before.external
    expect(grown).toBeLessThan(20 * pieces)
  })

  it('counts the bytes of all pieces', () => {
    const decoder = new MethodCallDecoder({ maxBytes: 100 })
    decoder.push(Buffer.from('<methodCall>'.padEnd(90)))
    expect(() => {
      decoder.push(Buffer.alloc(11, ' '))
    }).toThrow(expect.objectContaining({ code: 'XMLRPC_LIMIT', offset: 100 }))
  })
})

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
