import type { XmlRpcDateTime } from './date-time.ts'
import type { XmlRpcDouble } from './double.ts'

/**
 * A decoded value. `int`, `i4`, `i8` are a number, or a bigint beyond 2⁵³−1; `base64` is a `Uint8Array`; `nil` is null;
 * a struct has no prototype. {@link XmlRpcDouble} appears only when the decoder was asked to tell doubles apart.
 */
export type XmlRpcValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | XmlRpcDateTime
  | XmlRpcDouble
  | XmlRpcValue[]
  | XmlRpcStruct

/** A decoded struct: an object without a prototype, so that no member name means anything special. */
export interface XmlRpcStruct {
  [member: string]: XmlRpcValue
}

/** What the encoder takes. A member that is `undefined` is left out. */
export type XmlRpcInput =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | XmlRpcDateTime
  | XmlRpcDouble
  | readonly XmlRpcInput[]
  | { readonly [member: string]: XmlRpcInput | undefined }

/** An empty struct without a prototype. */
export function emptyStruct(): XmlRpcStruct {
  const struct: XmlRpcStruct = { __proto__: null }
  return struct
}

/** Whether a value is a struct rather than any other value. */
export function isStruct(
  value: XmlRpcInput | undefined,
): value is { readonly [member: string]: XmlRpcInput | undefined } {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
