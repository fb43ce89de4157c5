import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  base64,
  boolean,
  bytes,
  hex,
  json,
  list,
  loadVectors,
  number,
  oneOf,
  optional,
  text,
  VectorError,
  type Shape,
} from '../../src/vectors/index.ts'

let folder = ''
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'vectors-'))))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function store(content: unknown): string {
  const file = join(folder, `vectors-${files++}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function errorOf(content: unknown, shape: Shape, options: Parameters<typeof loadVectors>[2] = {}): VectorError {
  try {
    loadVectors(store(content), shape, options)
  } catch (error) {
    if (error instanceof VectorError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('loading vectors', () => {
  it('decodes each field as declared', () => {
    const gzipped = gzipSync('<long/>').toString('base64')
    const file = store([
      { id: 'a', kind: 'call', xml_b64: 'PGEvPg==', frame: '00 FFa0', n: 1.5, on: true, tags: ['0a'], want: { x: [1] } },
      { id: 'b', kind: 'response', xml_gz_b64: gzipped, frame: '', n: -1, on: false, tags: [], want: null, note: 'n' },
    ])
    const vectors = loadVectors(pathToFileURL(file), {
      id: text(),
      kind: oneOf('call', 'response'),
      xml: bytes('xml_b64', 'xml_gz_b64'),
      frame: hex(),
      count: number('n'),
      isOn: boolean('on'),
      tags: list(hex()),
      expected: json<{ x: number[] } | null>('want'),
      note: optional(text()),
    })
    expect(vectors).toEqual([
      {
        id: 'a',
        kind: 'call',
        xml: new TextEncoder().encode('<a/>'),
        frame: Uint8Array.of(0, 255, 160),
        count: 1.5,
        isOn: true,
        tags: [Uint8Array.of(10)],
        expected: { x: [1] },
        note: undefined,
      },
      {
        id: 'b',
        kind: 'response',
        xml: new TextEncoder().encode('<long/>'),
        frame: new Uint8Array(),
        count: -1,
        isOn: false,
        tags: [],
        expected: null,
        note: 'n',
      },
    ])
  })

  it('gives bytes that own exactly their buffer', () => {
    const [vector] = loadVectors(store([{ data: '010203' }]), { data: hex() })
    expect(vector?.data.buffer.byteLength).toBe(3)
  })

  it('finds the list below the named members', () => {
    const file = store({ made: { by: [{ id: 'x' }] } })
    expect(loadVectors(file, { id: text() }, { at: ['made', 'by'] })).toEqual([{ id: 'x' }])
  })
})

describe('vectors that are wrong', () => {
  it('names the file, the vector and the field', () => {
    const error = errorOf([{ id: 'ok', data: '00' }, { id: 'bad', data: '0x' }], { data: hex() })
    expect(error).toMatchObject({ code: 'TESTKIT_VECTOR', index: 1, id: 'bad', field: 'data' })
    expect(error.message).toMatch(/vectors-\d+\.json, vector 1 \('bad'\), field data: no hexadecimal digit at position 1/)
  })

  it.each([
    ['a missing field', [{}], { data: hex() }, /field data: is missing \(looked for data\)/],
    ['a missing alternative', [{}], { data: bytes('a_b64', 'a_hex') }, /looked for a_b64, a_hex/],
    ['an odd number of digits', [{ data: '000' }], { data: hex() }, /3 hexadecimal digits/],
    ['bytes that are no text', [{ data: 1 }], { data: hex() }, /expected hexadecimal text, found 1/],
    ['text that is no base64', [{ data: 'a b=' }], { data: base64() }, /not base64/],
    ['base64 that is no gzip', [{ data_gz_b64: 'AAAA' }], { data: bytes('data_gz_b64') }, /not gzip/],
    ['a name that tells no coding', [{ data: '00' }], { data: bytes('data') }, /end it with _hex/],
    ['a number for a text', [{ id: 5 }], { id: text() }, /expected a string, found 5/],
    ['a text for a number', [{ n: 'x'.repeat(80) }], { n: number() }, /expected a number, found "x{56}…/],
    ['a text for a boolean', [{ b: '1' }], { b: boolean() }, /expected true or false/],
    ['an unknown choice', [{ k: 'c' }], { k: oneOf('a', 'b') }, /expected one of a, b/],
    ['no list', [{ l: {} }], { l: list(hex()) }, /expected a list/],
    ['a vector that is no object', [7], { id: text() }, /vector 0: is not an object/],
    ['an empty list', [], { id: text() }, /empty list/],
    ['no list at all', { a: 1 }, { id: text() }, /the file holds no list; say where/],
    ['bad JSON', '{', { id: text() }, /cannot be read/],
  ] as const)('refuses %s', (_what, content, shape, message) => {
    expect(errorOf(content, shape as Shape).message).toMatch(message)
  })

  it('refuses a list that is not where it is said to be', () => {
    expect(errorOf({ a: [1] }, { id: text() }, { at: ['b'] }).message).toContain(`'b' holds no list`)
  })

  it('refuses a file or a field beyond the size limit', () => {
    const packed = gzipSync(Buffer.alloc(100_000)).toString('base64')
    expect(errorOf([{ d: packed }], { data: bytes('d_gz_b64') }).message).toContain('looked for')
    expect(errorOf([{ d_gz_b64: packed }], { data: bytes('d_gz_b64') }, { maxBytes: 5000 }).message).toContain('5000 bytes')
    expect(errorOf([{ d: 'x'.repeat(200) }], { d: text() }, { maxBytes: 100 }).message).toContain('at most 100 are read')
  })

  it('refuses a file that is not there', () => {
    expect(() => loadVectors(join(folder, 'none.json'), { id: text() })).toThrow(VectorError)
  })

  it('reads a member named like an inherited property as missing', () => {
    expect(errorOf([{ id: 'x' }], { toString: text() }).message).toContain('is missing')
  })
})
