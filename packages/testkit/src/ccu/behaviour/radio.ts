import { checkNumber } from '@x/loop-utils/errors'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import type { DeviceStore } from '../catalogue/device-store.ts'
import type { Parameter, ParameterValue } from '../catalogue/parameter.ts'

/** What the radio needs of its CCU. */
export interface RadioContext {
  readonly store: DeviceStore
  /** A device says something about itself. */
  report(address: string, parameter: Parameter, value: ParameterValue): void
}

/** When a device listens: always or to a burst, so that it can be reached at any time. */
const REACHABLE = 3

/** What keeps a command from reaching its device: it does not answer, it sleeps, or the air is used up. */
export class Radio {
  readonly #context: RadioContext
  #dutyCycle = 0

  constructor(context: RadioContext) {
    this.#context = context
  }

  /** How much of the time that may be sent in has been used, in percent. */
  get dutyCycle(): number {
    return this.#dutyCycle
  }

  /** At 100 % every command gets a fault −8. @throws OptionError */
  setDutyCycle(percent: number): void {
    this.#dutyCycle = checkNumber('percent', percent, { min: 0, max: 100 })
  }

  /** @throws CcuFault −1 when the device does not answer, −8 when no more may be sent */
  checkReachable(address: string): void {
    const device = deviceOf(address)
    if (this.#dutyCycle >= 100) throw new CcuFault(CCU_FAULTS.dutyCycle, device)
    if (this.#maintenance(device, 'UNREACH') === true)
      throw new CcuFault(CCU_FAULTS.general, `${device} is unreachable`)
  }

  /** Sends a configuration, which a sleeping device gets when it wakes. @throws CcuFault −10 while it waits for one */
  configure(address: string): void {
    const device = deviceOf(address)
    const type = this.#context.store.device(device)?.type
    if (type === undefined || (type.rxMode & REACHABLE) !== 0) return
    if (this.#maintenance(device, 'CONFIG_PENDING') === true) throw new CcuFault(CCU_FAULTS.transmissionPending, device)
    this.#setPending(device, true)
  }

  /** A sleeping device wakes and gets what waits for it; false when nothing did. @throws CcuFault −2 or −4 */
  wake(address: string): boolean {
    if (this.#context.store.description(address).PARENT !== '') throw new CcuFault(CCU_FAULTS.addressExpected, address)
    if (this.#maintenance(address, 'CONFIG_PENDING') !== true) return false
    this.#setPending(address, false)
    return true
  }

  #setPending(device: string, value: boolean): void {
    const address = `${device}:0`
    const parameter = this.#context.store.paramset(address, 'VALUES').parameter('CONFIG_PENDING')
    this.#context.report(address, parameter, value)
  }

  #maintenance(device: string, name: string): ParameterValue {
    return this.#context.store.paramset(`${device}:0`, 'VALUES').value(name)
  }
}

function deviceOf(address: string): string {
  return address.split(':')[0] ?? ''
}
