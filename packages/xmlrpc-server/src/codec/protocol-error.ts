import { XError } from '@x/loop-utils/errors'

/**
 * The stable codes of {@link XmlRpcProtocolError}: `XMLRPC_PARSE` (not well-formed, or not XML-RPC), `XMLRPC_ENCODING`
 * (unsupported encoding, or bytes and characters that it does not allow), `XMLRPC_LIMIT` (a bound was exceeded).
 */
export type XmlRpcProtocolErrorCode = 'XMLRPC_PARSE' | 'XMLRPC_ENCODING' | 'XMLRPC_LIMIT'

/** What is wrong with a document, more closely than its code says. */
export type XmlRpcProtocolReason =
  | 'syntax'
  | 'truncated'
  | 'doctype'
  | 'reference'
  | 'document'
  | 'structure'
  | 'value'
  | 'character'
  | 'encoding'
  | 'limit'

const CODES: Readonly<Record<XmlRpcProtocolReason, XmlRpcProtocolErrorCode>> = {
  syntax: 'XMLRPC_PARSE',
  truncated: 'XMLRPC_PARSE',
  doctype: 'XMLRPC_PARSE',
  reference: 'XMLRPC_PARSE',
  document: 'XMLRPC_PARSE',
  structure: 'XMLRPC_PARSE',
  value: 'XMLRPC_PARSE',
  character: 'XMLRPC_ENCODING',
  encoding: 'XMLRPC_ENCODING',
  limit: 'XMLRPC_LIMIT',
}

/** Where in a document something is: `offset` counts bytes from 0; `line` and `column` count characters from 1. */
export interface DocumentPosition {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** A document is not an XML-RPC call or response that the decoder admits. */
export class XmlRpcProtocolError extends XError {
  override readonly name = 'XmlRpcProtocolError'
  readonly code: XmlRpcProtocolErrorCode
  readonly reason: XmlRpcProtocolReason
  /** Byte offset of what was refused, from 0. */
  readonly offset: number
  /** Line of what was refused, from 1. */
  readonly line: number
  /** Column of what was refused, in UTF-16 units from 1. */
  readonly column: number

  constructor(reason: XmlRpcProtocolReason, detail: string, position: DocumentPosition) {
    const { offset, line, column } = position
    super(`${detail} (line ${line}, column ${column}, byte ${offset})`)
    this.code = CODES[reason]
    this.reason = reason
    this.offset = offset
    this.line = line
    this.column = column
  }
}
