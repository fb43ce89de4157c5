import { XmlRpcDateTime, XmlRpcDouble, type XmlRpcValue } from '../../src/codec/index.ts'

/** A value with its XML-RPC type beside it, as the vectors and the Python oracle write values. */
export type Tagged =
  | { readonly t: 'int' | 'double' | 'string' | 'dateTime' | 'base64'; readonly v: string }
  | { readonly t: 'boolean'; readonly v: boolean }
  | { readonly t: 'nil' }
  | { readonly t: 'array'; readonly v: readonly Tagged[] }
  | { readonly t: 'struct'; readonly v: readonly (readonly [string, Tagged])[] }

/** Tags a value that was decoded with `doubles: 'tagged'`. Members are sorted, since their order means nothing. */
export function tag(value: XmlRpcValue): Tagged {
  if (value === null) return { t: 'nil' }
  if (typeof value === 'string') return { t: 'string', v: value }
  if (typeof value === 'boolean') return { t: 'boolean', v: value }
  if (typeof value === 'number' || typeof value === 'bigint') return { t: 'int', v: String(value) }
  if (value instanceof XmlRpcDouble) return { t: 'double', v: doubleText(value.value) }
  if (value instanceof XmlRpcDateTime) return { t: 'dateTime', v: value.text }
  if (value instanceof Uint8Array) return { t: 'base64', v: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return { t: 'array', v: value.map(tag) }
  return sortMembers({ t: 'struct', v: Object.keys(value).map((name) => [name, tag(value[name] ?? null)] as const) })
}

/** The same tagged value with sorted members and doubles as JavaScript prints them. */
export function normalize(tagged: Tagged): Tagged {
  if (tagged.t === 'array') return { t: 'array', v: tagged.v.map(normalize) }
  if (tagged.t === 'struct') {
    return sortMembers({ t: 'struct', v: tagged.v.map(([name, value]) => [name, normalize(value)] as const) })
  }
  if (tagged.t === 'double') return { t: 'double', v: doubleText(Number(tagged.v)) }
  return tagged
}

function sortMembers(struct: Extract<Tagged, { t: 'struct' }>): Tagged {
  return { t: 'struct', v: [...struct.v].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
