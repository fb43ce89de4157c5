import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asPlain } from '../../src/channel/as-plain.ts'
import { NotPlainError } from '../../src/errors/index.ts'
import { describeValue } from '../../src/testing/conformance/describe-value.ts'

const bytes = fc.uint8Array({ maxLength: 40 })
const oddBytes = fc.oneof(
  bytes.map((own) => Buffer.from(own)),
  fc.tuple(bytes, fc.nat(20), fc.nat(20)).map(([own, from, length]) => own.subarray(from, from + length)),
)
const plain = fc.anything({
  withBigInt: true,
  withDate: true,
  withNullPrototype: true,
  withSparseArray: true,
  values: [fc.boolean(), fc.double(), fc.string(), fc.constantFrom(null, undefined), bytes, oddBytes],
})

function refusalOf(value: unknown): NotPlainError {
  try {
    asPlain(value, 'it')
  } catch (error) {
    if (error instanceof NotPlainError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a plain value', () => {
  test('is the same on both sides of a thread once it has been made plain', () => {
    // structuredClone is what a thread does, and shares no code with us
    fc.assert(
      fc.property(plain, (value) => {
        const sent = asPlain(value, 'it')
        expect(describeValue(sent)).toBe(describeValue(structuredClone(sent)))
      }),
    )
  })

  test('is never changed where it comes from', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const before = describeValue(value)
        asPlain(value, 'it')
        expect(describeValue(value)).toBe(before)
      }),
    )
  })

  test('is not copied when nothing has to change', () => {
    const value = { list: [1, { date: new Date(), bytes: new Uint8Array(3) }], none: null, nan: Number.NaN }
    expect(asPlain(value, 'it')).toBe(value)
  })

  test('is copied only along the way to what has to change', () => {
    const same = { a: 1 }
    const value = { same, list: [same, Buffer.from('x')] }
    const sent = asPlain(value, 'it') as typeof value
    expect(sent).not.toBe(value)
    expect(sent.same).toBe(same)
    expect(sent.list[0]).toBe(same)
    expect(Object.getPrototypeOf(sent.list[1])).toBe(Uint8Array.prototype)
    expect(Buffer.isBuffer(value.list[1])).toBe(true)
  })

  test('may be a key, and a date of a subclass becomes a date', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const secret = createSecretKey(Buffer.from('s'))
    expect(asPlain([privateKey, secret], 'it')).toEqual([privateKey, secret])
    class Moment extends Date {}
    const sent = asPlain(new Moment(5), 'it')
    expect(Object.getPrototypeOf(sent)).toBe(Date.prototype)
  })

  test('keeps an own __proto__ as a mere property, also where it has to be copied', () => {
    const value = JSON.parse('{"__proto__": {"x": 1}}') as Record<string, unknown>
    value['bytes'] = Buffer.from('a')
    const sent = asPlain(value, 'it') as object
    expect(Object.getPrototypeOf(sent)).toBe(Object.prototype)
    expect(Object.hasOwn(sent, '__proto__')).toBe(true)
    const bare = Object.assign(Object.create(null) as object, { a: 1 })
    Object.defineProperty(bare, '__proto__', { value: Buffer.from('b'), enumerable: true })
    const normal = asPlain(bare, 'it') as object
    expect(Object.getPrototypeOf(normal)).toBe(Object.prototype)
    expect(describeValue(Object.entries(normal))).toBe('[["a", 1], ["__proto__", Uint8Array(98) of 1]]')
  })
})

describe('what is not plain', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a function', () => undefined, 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['an error', new TypeError('x'), 'an error'],
    ['a map', new Map(), 'an instance of Map'],
    ['a set', new Set(), 'an instance of Set'],
    ['a signal', new AbortController().signal, 'an instance of AbortSignal'],
    ['a promise', Promise.resolve(), 'an instance of Promise'],
    ['an instance', new URL('http://localhost'), 'an instance of URL'],
    ['a regular expression', /x/, 'an instance of RegExp'],
    ['other words than bytes', new Uint16Array(1), 'an instance of Uint16Array'],
    ['a bare buffer', new ArrayBuffer(1), 'an instance of ArrayBuffer'],
    ['an array of a subclass', new (class Stack extends Array {})(), 'an instance of Stack'],
    ['an object made from another', Object.create({ a: 1 }), 'an instance of Object'],
    ['what hides its class', Object.create(Object.create(null) as object), 'an object with a prototype'],
  ]

  test.each(cases)('is refused: %s', (_, value, found) => {
    expect(refusalOf(value)).toMatchObject({ code: 'LOOP_NOT_PLAIN', path: 'it', found })
    expect(refusalOf({ a: [0, { 'b c': value }] })).toMatchObject({ path: 'it.a[1].b c', found })
  })

  test('is refused when it contains itself or lies too deep', () => {
    const cycle: unknown[] = []
    cycle.push({ cycle })
    expect(refusalOf(cycle).found).toMatch(/256 levels/)
    let deep: unknown = 1
    for (let level = 0; level < 255; level++) deep = [deep]
    expect(asPlain(deep, 'it')).toBe(deep)
    expect(refusalOf([[deep]]).found).toMatch(/256 levels/)
  })

  test('is told from the first such part', () => {
    expect(refusalOf([1, Symbol('a'), () => undefined]).path).toBe('it[1]')
  })

  test('is an object of another realm', () => {
    expect(refusalOf(runInContext('({})', createContext())).path).toBe('it')
  })

  test('is what throws or changes while it is read', () => {
    const throwing = {
      get bad(): never {
        throw new RangeError('from a getter')
      },
    }
    expect(() => asPlain(throwing, 'it')).toThrow(RangeError)
    let reads = 0
    const fickle = {
      get value(): unknown {
        return reads++ === 0 ? Symbol('once') : 1
      },
    }
    expect(refusalOf(fickle).found).toMatch(/changed/)
  })
})
