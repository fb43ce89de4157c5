import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import type { XmlRpcProtocolError, XmlRpcProtocolReason } from '../codec/protocol-error.ts'

const FAULT_CODES: Readonly<Record<XmlRpcProtocolReason, number>> = {
  syntax: FAULT_CODE.parseError,
  truncated: FAULT_CODE.parseError,
  doctype: FAULT_CODE.parseError,
  reference: FAULT_CODE.parseError,
  encoding: FAULT_CODE.unsupportedEncoding,
  character: FAULT_CODE.invalidCharacter,
  document: FAULT_CODE.invalidRequest,
  structure: FAULT_CODE.invalidRequest,
  value: FAULT_CODE.invalidRequest,
  limit: FAULT_CODE.invalidRequest,
}

/** The fault that answers a document that is no call, with the code that implementations agree on. */
export function protocolFault(error: XmlRpcProtocolError): XmlRpcFault {
  return new XmlRpcFault(FAULT_CODES[error.reason], error.message)
}
