export { AsyncXmlRpcServer } from './server/async-xml-rpc-server.ts'
export { createAsyncXmlRpcServer } from './server/create-server.ts'
export type { ServerHealthStatus } from './server/server-health.ts'
export type { XmlRpcServerOptions } from './server/server-options.ts'
export { BindError } from './engine/bind-error.ts'
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
  XmlRpcDialect,
  XmlRpcInput,
  XmlRpcStruct,
  XmlRpcValue,
} from './codec/index.ts'
