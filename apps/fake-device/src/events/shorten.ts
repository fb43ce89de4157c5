import type { PlainWireValue } from '@x/testkit/ccu'

const LONGEST = 2000

/** The value itself, or when it is long, a text that says how long it is: lists of events hold only what people read. */
export function shorten(value: PlainWireValue): PlainWireValue {
  const { length } = JSON.stringify(value)
  return length <= LONGEST ? value : `(${length} characters of JSON)`
}
