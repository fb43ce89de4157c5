import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { XmlRpcDateTime } from '../../src/codec/date-time.ts'
import { double } from '../../src/codec/double.ts'
import type { XmlRpcInput } from '../../src/codec/value.ts'
import { fromCrossing, toCrossing } from '../../src/engine/crossing.ts'

const { value: anyValue } = fc.letrec<{ value: XmlRpcInput }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.uint8Array(),
    fc.double({ noNaN: true }).map((number) => double(number)),
    fc.constant(new XmlRpcDateTime('20240229T23:59:59')),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), {
      maxKeys: 5,
      noNullPrototype: false,
    }),
  ),
}))

/** What `structuredClone` would do on the way to another thread. */
const cross = (value: XmlRpcInput): unknown => fromCrossing(structuredClone(toCrossing(value)))

describe('a value that crosses', () => {
  it('is the same afterwards, classes and all', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const crossed = cross(value)
        expect(crossed).toEqual(value)
        expect(toCrossing(crossed as XmlRpcInput)).toEqual(toCrossing(value))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps its classes wherever they are', () => {
    const crossed = cross({ list: [double(5), { at: new XmlRpcDateTime('20240101T00:00:00') }] })
    expect(crossed).toEqual({ list: [double(5), { at: new XmlRpcDateTime('20240101T00:00:00') }] })
    expect(cross(double(1))).toEqual(double(1))
  })

  it('has structs without a prototype, and a member __proto__ is a member', () => {
    const struct = Object.assign(Object.create(null), { a: 1 }) as Record<string, XmlRpcInput>
    Object.defineProperty(struct, '__proto__', { value: { polluted: true }, enumerable: true })
    const crossed = cross(struct) as Record<string, unknown>
    expect(Object.getPrototypeOf(crossed)).toBeNull()
    expect(Object.keys(crossed)).toEqual(['a', '__proto__'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('leaves members out that are undefined, and refuses what is no value', () => {
    expect(cross({ a: undefined, b: 1 })).toEqual({ b: 1 })
    expect(() => toCrossing([() => 1] as never)).toThrow(TypeError)
    expect(() => toCrossing(Symbol('x') as never)).toThrow(TypeError)
  })
})
