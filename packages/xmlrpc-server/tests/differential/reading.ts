import {
  decodeMethodCall,
  decodeMethodResponse,
  encodeFault,
  encodeMethodCall,
  encodeMethodResponse,
  XmlRpcEncodeError,
  XmlRpcProtocolError,
  type XmlRpcValue,
} from '../../src/codec/index.ts'
import { tag, type Tagged } from '../codec/tagged.ts'
import type { Document } from './documents.ts'

/** What our decoder made of a document. */
export type Reading =
  | {
      readonly kind: 'ok'
      readonly method: string | null
      readonly params: readonly Tagged[]
      readonly tolerated: readonly string[]
      /** The same values, encoded again; undefined when they have no form, as integers beyond 64 bits. */
      readonly again: Document | undefined
    }
  | {
      readonly kind: 'fault'
      readonly fault: readonly [Tagged, Tagged]
      readonly tolerated: readonly string[]
      readonly again: Document | undefined
    }
  | { readonly kind: 'refused'; readonly error: XmlRpcProtocolError }
  | { readonly kind: 'broken'; readonly error: unknown }

const TAGGED = { doubles: 'tagged' } as const

/** Reads a document with our codec; anything but a result or our own error is `broken`. */
export function read({ kind, bytes }: Document): Reading {
  try {
    return kind === 'call' ? readCall(bytes) : readResponse(bytes)
  } catch (error) {
    return error instanceof XmlRpcProtocolError ? { kind: 'refused', error } : { kind: 'broken', error }
  }
}

function readCall(bytes: Uint8Array): Reading {
  const { methodName, params, tolerated } = decodeMethodCall(bytes, TAGGED)
  const again = encoded('call', () => encodeMethodCall(methodName, params))
  return { kind: 'ok', method: methodName, params: params.map(tag), tolerated, again }
}

function readResponse(bytes: Uint8Array): Reading {
  const response = decodeMethodResponse(bytes, TAGGED)
  const { tolerated } = response
  if (response.kind === 'fault') {
    const { faultCode, faultString } = response.fault
    const again = encoded('response', () => encodeFault({ faultCode, faultString }))
    return { kind: 'fault', fault: [tag(faultCode), tag(faultString)], tolerated, again }
  }
  const value: XmlRpcValue = response.value
  const again = encoded('response', () => encodeMethodResponse(value))
  return { kind: 'ok', method: null, params: [tag(value)], tolerated, again }
}

function encoded(kind: Document['kind'], encode: () => Uint8Array): Document | undefined {
  try {
    return { kind, bytes: encode() }
  } catch (error) {
    if (error instanceof XmlRpcEncodeError && /beyond 64 bits/.test(error.message)) return undefined
    throw error
  }
}
