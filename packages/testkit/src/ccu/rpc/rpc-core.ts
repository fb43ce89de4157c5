import type { LinkTable } from '../behaviour/link-table.ts'
import type { SetValue } from '../behaviour/actuators.ts'
import type { Radio } from '../behaviour/radio.ts'
import type { DeviceStore } from '../catalogue/device-store.ts'
import type { DeviceDescription } from '../catalogue/descriptions.ts'
import type { CcuFault } from '../ccu-fault.ts'
import type { CcuQuirks } from '../quirks.ts'
import type { SentDescription } from '../sent-description.ts'
import type { Params } from './rpc-arguments.ts'

/** What the methods need of their CCU. */
export interface RpcCore {
  readonly store: DeviceStore
  readonly links: LinkTable
  readonly radio: Radio
  readonly version: string
  readonly interfaceAddress: string
  quirks(): CcuQuirks
  /** Writes names of links as they go over the wire. */
  spell(name: string): string
  present(description: DeviceDescription): SentDescription
  register(url: string, interfaceId: string): void
  unregister(url: string): void
  isRegistered(interfaceId: string): boolean
  /** Sets values of a channel, with all that follows. */
  set(address: string, values: readonly SetValue[]): void
  pong(token: string): void
  removeDevice(address: string): void
  replaceDevice(address: string, newAddress: string): void
  /** Tells everyone registered that something about a device is new. */
  updateDevice(address: string, hint: number): void
  /** Sees every call before it is answered, those within a multicall too; what it throws is the answer. */
  before(method: string, params: Params): void
  /** Sees every call with the fault that it was answered with, if any. */
  record(method: string, params: Params, fault?: CcuFault): void
}
