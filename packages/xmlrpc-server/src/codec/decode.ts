import type { CallEntry } from './call-entry.ts'
import { decodeRules, type DecodeOptions, type DecodeResponseOptions } from './decode-options.ts'
import { DocumentReading, type XmlRpcToleration } from './document-reading.ts'
import type { XmlRpcEncoding } from './encoding.ts'
import type { XmlRpcFault } from './fault.ts'
import { CALL_DOCUMENT, RESPONSE_DOCUMENT, VOID_RESPONSE_DOCUMENT } from './grammar.ts'
import type { XmlRpcValue } from './value.ts'

/** What every decoded document tells besides its values. */
export interface DecodedDocument {
  /** The encoding that it came in. */
  readonly encoding: XmlRpcEncoding
  /** What was passed over. */
  readonly tolerated: readonly XmlRpcToleration[]
}

/** A decoded `methodCall`. */
export interface MethodCall extends DecodedDocument {
  readonly methodName: string
  readonly params: XmlRpcValue[]
}

/** A decoded `methodResponse` with a result. */
export interface MethodResult extends DecodedDocument {
  readonly kind: 'result'
  readonly value: XmlRpcValue
}

/** A decoded `methodResponse` with a fault. */
export interface MethodFault extends DecodedDocument {
  readonly kind: 'fault'
  readonly fault: XmlRpcFault
}

/** A decoded `methodResponse`. */
export type MethodResponse = MethodResult | MethodFault

/**
 * Decodes an XML-RPC call.
 *
 * @throws XmlRpcProtocolError when the bytes are no such document, or exceed a bound
 * @throws OptionError when an option is not usable
 */
export function decodeMethodCall(bytes: Uint8Array, options?: DecodeOptions): MethodCall {
  return new MethodCallDecoder(options).end(bytes)
}

/**
 * Decodes an XML-RPC response. A fault is a value here, not thrown.
 *
 * @throws XmlRpcProtocolError when the bytes are no such document, or exceed a bound
 * @throws OptionError when an option is not usable
 */
export function decodeMethodResponse(bytes: Uint8Array, options?: DecodeResponseOptions): MethodResponse {
  return new MethodResponseDecoder(options).end(bytes)
}

const NO_BYTES = new Uint8Array(0)

/**
 * Decodes a call whose bytes come in pieces, keeping no more of them than a token that is cut. It gives what
 * {@link decodeMethodCall} gives for all of them, wherever they were cut; only a document beyond `maxBytes` may be
 * refused for something else first.
 */
export class MethodCallDecoder {
  readonly #reading: DocumentReading

  /** @throws OptionError when an option is not usable */
  constructor(options?: DecodeOptions) {
    this.#reading = new DocumentReading(CALL_DOCUMENT, decodeRules(options))
  }

  /** @throws XmlRpcProtocolError when the bytes so far begin no such document, or exceed a bound */
  push(bytes: Uint8Array): void {
    this.#reading.push(bytes, false)
  }

  /** Ends the document, after `bytes` if given. @throws XmlRpcProtocolError as decodeMethodCall does */
  end(bytes: Uint8Array = NO_BYTES): MethodCall {
    this.#reading.push(bytes, true)
    const { parser, encoding, tolerated } = this.#reading
    return { methodName: parser.methodName, params: parser.params, encoding, tolerated }
  }
}

/** A call as a server takes it: the calls of a multicall may have been read as such, and are no parameter then. */
export interface ReceivedCall extends MethodCall {
  readonly calls: readonly CallEntry[] | undefined
}

/** Decodes a call as {@link MethodCallDecoder} does, but for the calls of a multicall, which make no structs here. */
export class ReceivedCallDecoder {
  readonly #reading: DocumentReading

  constructor(options: DecodeOptions) {
    this.#reading = new DocumentReading(CALL_DOCUMENT, decodeRules(options))
    this.#reading.parser.readsCalls = true
  }

  /** @throws XmlRpcProtocolError when the bytes so far begin no such document, or exceed a bound */
  push(bytes: Uint8Array): void {
    this.#reading.push(bytes, false)
  }

  /** Ends the document, after `bytes` if given. @throws XmlRpcProtocolError as decodeMethodCall does */
  end(bytes: Uint8Array = NO_BYTES): ReceivedCall {
    this.#reading.push(bytes, true)
    const { parser, encoding, tolerated } = this.#reading
    return { methodName: parser.methodName, params: parser.params, calls: parser.calls, encoding, tolerated }
  }
}

/** Decodes a response whose bytes come in pieces, as {@link MethodCallDecoder} does a call. */
export class MethodResponseDecoder {
  readonly #reading: DocumentReading

  /** @throws OptionError when an option is not usable */
  constructor(options?: DecodeResponseOptions) {
    const document = options?.emptyAsVoid === true ? VOID_RESPONSE_DOCUMENT : RESPONSE_DOCUMENT
    this.#reading = new DocumentReading(document, decodeRules(options))
  }

  /** @throws XmlRpcProtocolError when the bytes so far begin no such document, or exceed a bound */
  push(bytes: Uint8Array): void {
    this.#reading.push(bytes, false)
  }

  /** Ends the document, after `bytes` if given. @throws XmlRpcProtocolError as decodeMethodResponse does */
  end(bytes: Uint8Array = NO_BYTES): MethodResponse {
    this.#reading.push(bytes, true)
    const { parser, encoding, tolerated } = this.#reading
    if (parser.fault !== undefined) return { kind: 'fault', fault: parser.fault, encoding, tolerated }
    return { kind: 'result', value: parser.params[0] ?? null, encoding, tolerated }
  }
}
