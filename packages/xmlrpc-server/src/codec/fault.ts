import { XError } from '@x/loop-utils/errors'

/** Fault codes that implementations agree on ("Specification for Fault Code Interoperability"). */
export const FAULT_CODE = {
  parseError: -32700,
  unsupportedEncoding: -32701,
  invalidCharacter: -32702,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  applicationError: -32500,
  systemError: -32400,
  transportError: -32300,
} as const

/**
 * A fault: what a peer answered instead of a result, or what a handler throws to answer one with a code of its own.
 */
export class XmlRpcFault extends XError {
  override readonly name = 'XmlRpcFault'
  readonly code = 'XMLRPC_FAULT'
  readonly faultCode: number
  readonly faultString: string

  constructor(faultCode: number, faultString: string) {
    super(`fault ${faultCode}: ${faultString}`)
    this.faultCode = faultCode
    this.faultString = faultString
  }
}
