import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'

/** The parameters of a call. */
export type Params = readonly unknown[]

/** What the interface processes answer when there is nothing to tell. */
export const NOTHING = ''

/** @throws CcuFault −1 */
export function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CcuFault(CCU_FAULTS.general, `a string is expected, not ${value === undefined ? 'nothing' : typeof value}`)
}

/** A text that may be left out. @throws CcuFault −1 */
export function optionalText(value: unknown): string {
  return value === undefined ? '' : text(value)
}
