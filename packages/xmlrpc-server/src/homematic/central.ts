import type { XmlRpcValue } from '../codec/value.ts'
import type { DeviceDescription, KnownDevice } from './device-description.ts'

/** A value of a data point has changed, or was sent again. */
export interface DataPointEvent {
  readonly interfaceId: string
  /** Such as `MEQ0123456:1`; `CENTRAL` with the parameter `PONG` answers a ping. */
  readonly channelAddress: string
  readonly parameter: string
  readonly value: XmlRpcValue
}

/** The CCU knows devices that were not in the answer to `listDevices`. */
export interface NewDevices {
  readonly interfaceId: string
  readonly descriptions: readonly DeviceDescription[]
}

/** Devices are gone, or came back: their addresses. */
export interface DeviceAddresses {
  readonly interfaceId: string
  readonly addresses: readonly string[]
}

/** What of a device has changed: 0 its firmware or description, 1 its links. Other hints are passed on as they are. */
export type UpdateHint = number

/** A device has changed. */
export interface DeviceUpdate {
  readonly interfaceId: string
  readonly address: string
  readonly hint: UpdateHint
}

/** A device has been replaced by another one. */
export interface DeviceReplacement {
  readonly interfaceId: string
  readonly oldAddress: string
  readonly newAddress: string
}

/** The CCU reports an error of its own. */
export interface BackendError {
  readonly interfaceId: string
  readonly errorCode: number | string
  readonly message: string
}

/**
 * What a program gives the server to receive the callbacks of the interfaces that it registered with a CCU. Handlers
 * that are left out ignore their callback.
 *
 * The seven `on…` handlers run after the CCU got its acknowledgement; what they throw is reported, not answered.
 */
export interface Central {
  /** Tells centrals apart. */
  readonly name: string
  /** Whether the callbacks of an interface are for this central. Asked on every callback; has to be quick. */
  hasClient(interfaceId: string): boolean
  onEvent?(event: DataPointEvent): void | Promise<void>
  onNewDevices?(devices: NewDevices): void | Promise<void>
  onDeleteDevices?(devices: DeviceAddresses): void | Promise<void>
  onUpdateDevice?(update: DeviceUpdate): void | Promise<void>
  onReaddedDevice?(devices: DeviceAddresses): void | Promise<void>
  onReplaceDevice?(replacement: DeviceReplacement): void | Promise<void>
  onError?(error: BackendError): void | Promise<void>
  /** The devices of an interface that are known already; the CCU sends those that are missing. Default: none. */
  listDevices?(interfaceId: string): readonly KnownDevice[] | Promise<readonly KnownDevice[]>
}
