export { XmlRpcClientClosedError, XmlRpcHttpError, XmlRpcTransportError } from './client-errors.ts'
export type { ClientTlsOptions, XmlRpcClientOptions } from './client-options.ts'
export { XmlRpcClient, type CallOptions, type MulticallEntry } from './xml-rpc-client.ts'
export { XmlRpcFault } from '../codec/fault.ts'
