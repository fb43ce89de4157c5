import { TestkitError } from '../errors.ts'

/** The faults that the interface processes of a CCU answer with, by what they mean. */
export const CCU_FAULTS = {
  general: -1,
  unknownDevice: -2,
  unknownParamset: -3,
  addressExpected: -4,
  unknownParameter: -5,
  notSupported: -6,
  updateNotPossible: -7,
  dutyCycle: -8,
  outOfRange: -9,
  transmissionPending: -10,
} as const

/** One of the codes from −1 to −10. */
export type CcuFaultCode = (typeof CCU_FAULTS)[keyof typeof CCU_FAULTS]

const TEXTS: { readonly [C in CcuFaultCode]: string } = {
  [-1]: 'Failure',
  [-2]: 'Unknown instance',
  [-3]: 'Unknown paramset',
  [-4]: 'Device address expected',
  [-5]: 'Unknown parameter or value',
  [-6]: 'Operation not supported',
  [-7]: 'Update not possible',
  [-8]: 'Not enough duty cycle',
  [-9]: 'Value out of range',
  [-10]: 'Transmission pending',
}

/** A call to the fake CCU failed as it would on a real one; over the wire it is a fault with `faultCode`. */
export class CcuFault extends TestkitError {
  override readonly name = 'CcuFault'
  readonly code = 'TESTKIT_CCU_FAULT'
  readonly faultCode: CcuFaultCode
  readonly faultString: string

  constructor(faultCode: CcuFaultCode, detail?: string) {
    const faultString = detail === undefined ? TEXTS[faultCode] : `${TEXTS[faultCode]}: ${detail}`
    super(`${faultString} (fault ${faultCode})`)
    this.faultCode = faultCode
    this.faultString = faultString
  }
}

/** All codes, for choosing one. */
export const CCU_FAULT_CODES: readonly CcuFaultCode[] = Object.values(CCU_FAULTS)
