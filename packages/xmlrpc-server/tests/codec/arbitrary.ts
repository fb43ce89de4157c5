import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { XmlRpcDateTime, XmlRpcDouble, type XmlRpcInput } from '../../src/codec/index.ts'

// oxlint-disable-next-line no-control-regex -- what XML cannot carry
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** Text that XML can carry. */
export const text: Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    {
      weight: 2,
      arbitrary: fc.string({
        unit: fc.constantFrom('<', '>', '&', ']', '"', '\r', '\n', '\t', ' ', 'ä', '€', '-', '!', '?'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', ']]>', '<![CDATA[', '__proto__', 'constructor', '&amp;', '\u{1f600}', ' x '),
    },
  )
  .map((raw) => raw.replace(FORBIDDEN, '.'))

const dateTime = fc
  .integer({ min: -62_000_000_000_000, max: 253_000_000_000_000 })
  .map((epochMs) => XmlRpcDateTime.fromEpochMs(epochMs))

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Uint8Array.from(array))

const scalar: Arbitrary<XmlRpcInput> = fc.oneof(
  text,
  fc.integer(),
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new XmlRpcDouble(value)),
  dateTime,
  bytes,
)

/** Any value that the standard dialect can carry. Doubles are tagged, so that types survive. */
export const value: Arbitrary<XmlRpcInput> = fc.letrec<{ node: XmlRpcInput }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc.array(tie('node'), { maxLength: 5 }),
    fc.array(fc.tuple(text, tie('node')), { maxLength: 5 }).map((members) => {
      const struct: Record<string, XmlRpcInput> = Object.create(null) as Record<string, XmlRpcInput>
      for (const [name, member] of members) struct[name] = member
      return struct
    }),
  ),
})).node

/** A method's name. */
export const methodName: Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9_.:/]{1,30}$/)
