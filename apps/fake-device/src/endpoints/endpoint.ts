import type { DeviceSpec, DeviceState, DeviceView, FaultRequest, FaultView } from '@x/testkit/control'

/** A server that plays devices, as the control API sees it. */
export interface Endpoint {
  /** Names it in the control API. */
  readonly name: string
  /** Where its clients reach it; through the fault proxy. */
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
  devices(): readonly DeviceView[]
  /** Undefined when it plays no device of that id. */
  device(id: string): DeviceView | undefined
  /** @throws ApiProblem */
  addDevice(device: DeviceSpec): DeviceView
  removeDevice(id: string): void
  /** Sets values as the device itself would: all, or none when one is wrong. @throws ApiProblem */
  change(id: string, state: DeviceState['state']): void
  /** @throws ApiProblem */
  addFault(fault: FaultRequest): FaultView
  /** Returns false when there is none of that name. */
  removeFault(name: string): boolean
  clearFaults(): void
  faults(): readonly FaultView[]
}
