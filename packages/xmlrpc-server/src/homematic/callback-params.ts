import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import type { XmlRpcValue } from '../codec/value.ts'
import { interfaceIdFault, MAX_INTERFACE_ID } from './interface-id.ts'

/** A parameter that is refused unless it is of its type. */
export type CallbackParam = XmlRpcValue | undefined

/** @throws XmlRpcFault −32602 when the parameter is no string */
export function textParam(value: CallbackParam, name: string): string {
  if (typeof value === 'string') return value
  throw wrong(name, 'a string', value)
}

/** @throws XmlRpcFault −32602 when the parameter is no string, or longer than an interface id may be */
export function interfaceIdParam(value: CallbackParam): string {
  const id = textParam(value, 'interfaceId')
  if (id.length > MAX_INTERFACE_ID) throw interfaceIdFault(id.length)
  return id
}

/** @throws XmlRpcFault −32602 when the parameter is no integer */
export function integerParam(value: CallbackParam, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw wrong(name, 'an integer', value)
}

/** @throws XmlRpcFault −32602 when the parameter is no array of strings */
export function textListParam(value: CallbackParam, name: string): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw wrong(name, 'an array of strings', value)
}

/** @throws XmlRpcFault −32602 when there is no such parameter */
export function anyParam(value: CallbackParam, name: string): XmlRpcValue {
  if (value !== undefined) return value
  throw wrong(name, 'a value', value)
}

function wrong(name: string, expected: string, value: CallbackParam): XmlRpcFault {
  const got = value === null ? 'nil' : Array.isArray(value) ? 'an array' : typeof value
  return new XmlRpcFault(FAULT_CODE.invalidParams, `${name} has to be ${expected}, not ${got}`)
}
