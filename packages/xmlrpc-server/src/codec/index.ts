export { XmlRpcDateTime } from './date-time.ts'
export {
  decodeMethodCall,
  decodeMethodResponse,
  MethodCallDecoder,
  MethodResponseDecoder,
  type DecodedDocument,
  type MethodCall,
  type MethodFault,
  type MethodResponse,
  type MethodResult,
} from './decode.ts'
export type { DecodeOptions, DecodeResponseOptions } from './decode-options.ts'
export type { XmlRpcToleration } from './document-reading.ts'
export { double, XmlRpcDouble } from './double.ts'
export { encodeFault, encodeMethodCall, encodeMethodResponse } from './encode.ts'
export { XmlRpcEncodeError } from './encode-error.ts'
export type { EncodeOptions, XmlRpcDialect, XmlRpcOutputEncoding } from './encode-options.ts'
export type { XmlRpcEncoding } from './encoding.ts'
export { FAULT_CODE, XmlRpcFault } from './fault.ts'
export { fixMojibake } from './mojibake.ts'
export {
  XmlRpcProtocolError,
  type DocumentPosition,
  type XmlRpcProtocolErrorCode,
  type XmlRpcProtocolReason,
} from './protocol-error.ts'
export type { SingleByteEncoding } from './single-byte.ts'
export type { XmlRpcInput, XmlRpcStruct, XmlRpcValue } from './value.ts'
