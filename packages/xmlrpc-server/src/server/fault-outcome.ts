import type { XmlRpcFault } from '../codec/fault.ts'
import type { CallOutcome } from '../engine/contract.ts'

/** A fault on its way to the engine. */
export function faultOutcome({ faultCode, faultString }: XmlRpcFault): CallOutcome {
  return { kind: 'fault', faultCode, faultString }
}
