import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'

/** The most characters that an interface id may have. Ids are kept and logged, and every peer can invent some. */
export const MAX_INTERFACE_ID: number = 255

/** The fault that answers an interface id beyond the bound. */
export function interfaceIdFault(length: number): XmlRpcFault {
  const problem = `an interface id has at most ${MAX_INTERFACE_ID} characters, not ${length}`
  return new XmlRpcFault(FAULT_CODE.invalidParams, problem)
}

/** The same text without the document that it may be a part of, which it would keep in memory. */
export function detached(interfaceId: string): string {
  return structuredClone(interfaceId)
}
