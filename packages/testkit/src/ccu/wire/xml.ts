import { TestkitError } from '../../errors.ts'
import { LongLists } from './long-lists.ts'
import { applyStyle, type WireStyle } from './wire-style.ts'
import { toWire } from './wire-value.ts'
import { createDeserializer, serializer, type DocumentSource } from './xmlrpc-codec.ts'

/** A document is not XML-RPC, as the npm library `xmlrpc` reads it. */
export class CcuXmlError extends TestkitError {
  override readonly name = 'CcuXmlError'
  readonly code = 'TESTKIT_CCU_XML'

  constructor(problem: string, cause?: unknown) {
    super(`the document is not usable XML-RPC: ${problem}; look at what was sent`, { cause })
  }
}

/** A fault as it stands in a document. */
export interface WireFault {
  readonly faultCode: number
  readonly faultString: string
}

/** What a response document holds. */
export type WireResponse = { readonly value: unknown } | { readonly fault: WireFault }

/** Writes a call. Long lists are written in slices, between which other work of the loop goes on. */
export async function encodeCall(method: string, params: readonly unknown[], style: WireStyle): Promise<Buffer> {
  const parts = new LongLists()
  const shortened = parts.takeOut(params)
  const xml = serializer.serializeMethodCall(method, toWire(shortened) as readonly unknown[])
  return toBytes(await parts.putBack(xml), style)
}

/** Writes the answer to a call, as {@link encodeCall} does. */
export async function encodeResponse(value: unknown, style: WireStyle): Promise<Buffer> {
  const parts = new LongLists()
  const [shortened] = parts.takeOut([value])
  return toBytes(await parts.putBack(serializer.serializeMethodResponse(toWire(shortened))), style)
}

/** Writes a fault as the answer to a call. */
export function encodeFault({ faultCode, faultString }: WireFault, style: WireStyle): Buffer {
  const fault = toWire({ faultCode, faultString }) as WireFault
  return toBytes(serializer.serializeFault(fault), style)
}

/** @throws CcuXmlError */
export function decodeCall(bytes: Buffer): { readonly method: string; readonly params: readonly unknown[] } {
  return read(bytes, (source, settle) =>
    createDeserializer().deserializeMethodCall(source, (error, method, params) =>
      settle(error, { method: method ?? '', params: params ?? [] }),
    ),
  )
}

/** @throws CcuXmlError */
export function decodeResponse(bytes: Buffer): WireResponse {
  return read<WireResponse>(bytes, (source, settle) =>
    createDeserializer().deserializeMethodResponse(source, (error, value) => {
      if (isFault(error)) settle(undefined, { fault: { faultCode: error.faultCode, faultString: error.faultString } })
      else settle(error, { value })
    }),
  )
}

type Settle<T> = (error: unknown, result: T) => void

/**
 * Runs the library's reader over a whole document at once. The library throws from within stream events for some
 * documents, where nobody can catch it; a source that hands everything over in `pipe` keeps it on this stack.
 */
function read<T>(bytes: Buffer, start: (source: DocumentSource, settle: Settle<T>) => void): T {
  const text = toText(bytes)
  let outcome: { readonly error?: unknown; readonly result?: T } | undefined
  const source: DocumentSource = {
    setEncoding: () => undefined,
    on: () => undefined,
    pipe: (parser) => {
      parser.write(text)
      parser.end()
    },
  }
  try {
    start(source, (error, result) => {
      outcome ??= error === undefined || error === null ? { result } : { error }
    })
  } catch (error) {
    throw new CcuXmlError((error as Error).message, error)
  }
  if (outcome?.result !== undefined) return outcome.result
  throw new CcuXmlError(outcome === undefined ? 'it has no end' : (outcome.error as Error).message, outcome?.error)
}

function isFault(error: unknown): error is WireFault {
  return error instanceof Error && 'faultCode' in error && 'faultString' in error
}

function toBytes(xml: string, style: WireStyle): Buffer {
  const { encoding, declaresEncoding } = style
  const attribute = declaresEncoding ? ` encoding="${encoding.toUpperCase()}"` : ''
  const declared = applyStyle(xml, style).replace(/^<\?xml version="1\.0"[^?]*\?>/, `<?xml version="1.0"${attribute}?>`)
  if (encoding === 'utf-8') return Buffer.from(declared)
  // a character beyond the encoding is lost, as on a real one
  return Buffer.from(declared.replaceAll(/[\u{100}-\u{10FFFF}]/gu, '?'), 'latin1')
}

function toText(bytes: Buffer): string {
  const head = bytes.toString('latin1', 0, 100)
  const declared = /^\s*<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1]?.toLowerCase()
  return bytes.toString(declared === 'iso-8859-1' || declared === 'us-ascii' ? 'latin1' : 'utf8')
}
