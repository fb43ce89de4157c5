export { FaultExistsError, ProxyListenError, TooManyFaultsError } from './fault-errors.ts'
export { FaultProxy, type FaultProxyOptions, type FaultProxyStats } from './fault-proxy.ts'
export { MAX_FAULTS } from './fault-set.ts'
export {
  FAULT_TYPES,
  type Fault,
  type FaultAttributes,
  type FaultSpec,
  type FaultStream,
  type FaultType,
} from './fault.ts'
export type { ConnectionEnd } from './proxied-connection.ts'
