export { AsyncXmlRpcServer } from './server/async-xml-rpc-server.ts'
export { createAsyncXmlRpcServer } from './server/create-server.ts'
export { ASYNC_RPC_SERVER, RpcServerFactory, type RpcServerFactoryOptions } from './server/rpc-server-factory.ts'
export { XmlRpcServerLease } from './server/xml-rpc-server-lease.ts'
export type { XmlRpcServer } from './server/xml-rpc-server.ts'
export type { CredentialsCheck, ServerAccessOptions } from './server/access-options.ts'
export type { ServerBreakerOptions } from './server/breaker-settings.ts'
export type { OverflowPolicy } from './server/callback-queues.ts'
export type { OverflowCount } from './server/overflow-counts.ts'
export type { CoalesceCheck, ServerQueueOptions } from './server/queue-options.ts'
export type { RequestHandler } from './server/request-handler.ts'
export { ServerConflictError } from './server/server-conflict-error.ts'
export type { InterfaceBacklog, ServerHealthStatus } from './server/server-health.ts'
export type { XmlRpcServerOptions } from './server/server-options.ts'
export { SwitchError } from './server/switch-error.ts'
export type { SwitchOptions, SwitchReport } from './server/switch-report.ts'
export { BindError } from './engine/bind-error.ts'
export type { AnswerEncoding, Credentials, GivenCredentials, TlsIdentity } from './engine/contract.ts'
export { AsyncXmlRpcDispatcher } from './dispatcher/async-xml-rpc-dispatcher.ts'
export type { DispatcherLogger, DispatcherOptions } from './dispatcher/dispatcher-options.ts'
export type { MethodOptions, XmlRpcHandler, XmlRpcSignature } from './dispatcher/method.ts'
export { AsyncRpcFunctions, type CallbackName, type CallbackResult } from './homematic/async-rpc-functions.ts'
export { CentralRegistry, type CentralEntry, type CentralRegistryOptions } from './homematic/central-registry.ts'
export type {
  BackendError,
  Central,
  DataPointEvent,
  DeviceAddresses,
  DeviceReplacement,
  DeviceUpdate,
  NewDevices,
} from './homematic/central.ts'
export type { DeviceDescription, KnownDevice } from './homematic/device-description.ts'
export { ACKNOWLEDGED, CALLBACK_NAMES, registerCallbacks } from './homematic/register-callbacks.ts'
export {
  decodeMethodCall,
  decodeMethodResponse,
  double,
  encodeFault,
  encodeMethodCall,
  encodeMethodResponse,
  FAULT_CODE,
  fixMojibake,
  XmlRpcDateTime,
  XmlRpcDouble,
  XmlRpcEncodeError,
  XmlRpcFault,
  XmlRpcProtocolError,
} from './codec/index.ts'
export type {
  DecodeOptions,
  EncodeOptions,
  MethodCall,
  MethodResponse,
  SingleByteEncoding,
  XmlRpcDialect,
  XmlRpcInput,
  XmlRpcStruct,
  XmlRpcValue,
} from './codec/index.ts'
