import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Tagged } from './tagged.ts'

/** What implementations made of a document. */
export interface Outcome {
  readonly s: 'ok' | 'fault' | 'reject' | 'crash'
  readonly method?: string | null
  readonly params?: readonly Tagged[]
  readonly big?: boolean
  readonly code?: Tagged
  readonly string?: Tagged
}

/** One document of tests/vectors/vectors.json. */
export interface Vector {
  readonly id: string
  readonly group: string
  readonly kind: 'call' | 'response'
  readonly recommended: 'ok' | 'reject' | 'any'
  readonly expected?: Outcome
  readonly peers?: Readonly<Record<string, Outcome | null>>
  readonly xml_b64?: string
  readonly xml_gz_b64?: string
}

export const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('../vectors/vectors.json', import.meta.url), 'utf8'),
) as Vector[]

/** The bytes of a vector's document. */
export function bytesOf(vector: Vector): Uint8Array {
  if (vector.xml_b64 !== undefined) return Buffer.from(vector.xml_b64, 'base64')
  return gunzipSync(Buffer.from(vector.xml_gz_b64 ?? '', 'base64'))
}
