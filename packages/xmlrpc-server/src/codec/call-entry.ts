import type { XmlRpcValue } from './value.ts'

/** One call of a `system.multicall`, read at once rather than as the struct that it is on the wire. */
export class CallEntry {
  readonly methodName: string
  readonly params: readonly XmlRpcValue[]

  constructor(methodName: string, params: readonly XmlRpcValue[]) {
    this.methodName = methodName
    this.params = params
  }
}
