import { checkInteger, checkOneOf, checkText, OptionError } from '@x/loop-utils/errors'
import { CCU_FAULT_CODES, CcuFault, type CcuFaultCode } from './ccu-fault.ts'

/** A fault that calls to the fake CCU are to meet. */
export interface CcuFaultOrder {
  /** The method that fails, such as `setValue`. */
  readonly method: string
  readonly faultCode: CcuFaultCode
  /** Only calls whose first parameter is this. Default: any. */
  readonly address?: string
  /** How many calls fail. Default 1. */
  readonly times?: number
}

const MAX_ORDERS = 100

/** Faults that are waiting for the calls they strike. */
export class FaultScript {
  #orders: { order: CcuFaultOrder; left: number }[] = []

  /** @throws OptionError */
  add(order: CcuFaultOrder): void {
    checkText('method', order.method)
    checkOneOf('faultCode', order.faultCode, CCU_FAULT_CODES)
    const left = checkInteger('times', order.times ?? 1, { min: 1 })
    if (this.#orders.length >= MAX_ORDERS) throw new OptionError('order', order.method, `at most ${MAX_ORDERS} orders`)
    this.#orders.push({ order, left })
  }

  clear(): void {
    this.#orders = []
  }

  /** @throws CcuFault when a fault was ordered for this call */
  strike(method: string, params: readonly unknown[]): void {
    const found = this.#orders.find(
      ({ order }) => order.method === method && (order.address === undefined || order.address === params[0]),
    )
    if (found === undefined) return
    found.left -= 1
    if (found.left === 0) this.#orders = this.#orders.filter((each) => each !== found)
    throw new CcuFault(found.order.faultCode)
  }
}
