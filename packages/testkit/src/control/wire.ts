import type { CcuRegistration } from '../ccu/callback/registration.ts'
import type { DeviceSpec } from '../ccu/catalogue/default-fleet.ts'
import type { FleetName } from '../ccu/catalogue/fleet.ts'
import type { CcuFaultOrder } from '../ccu/fault-script.ts'
import type { CcuState, RebootOptions } from '../ccu/power.ts'
import type { CcuProfile, CcuQuirks } from '../ccu/quirks.ts'
import type { CcuAnswer, CcuCall, CcuOutcome } from '../ccu/records.ts'
import type { FaultSpec, FaultStream, FaultType } from '../faults/fault.ts'

/** What a property holds; an `enum` the name of one of its options. */
export type PropertyValue = boolean | number | string

/** One property of a device, as the control API shows it. */
export interface PropertyView {
  /** Names it within its device: the channel and the parameter, such as `1.STATE`. */
  readonly key: string
  readonly type: 'boolean' | 'integer' | 'number' | 'string' | 'enum' | 'action'
  /** Missing for an action, which can only be set off. */
  readonly value?: PropertyValue
  readonly min?: number
  readonly max?: number
  readonly unit?: string
  readonly options?: readonly string[]
  /** Whether a client of the device may set it; the control API may set everything. */
  readonly isWritable: boolean
  /** Something the device reports about itself, such as a low battery. */
  readonly isService: boolean
}

/** A device, as the control API shows it. */
export interface DeviceView {
  readonly id: string
  /** Which of the fake's servers plays it. */
  readonly endpoint: string
  readonly type: string
  /** What it is, in words. */
  readonly label: string
  readonly name: string
  readonly properties: readonly PropertyView[]
}

/** The values of a device by their keys, actions left out. */
export interface DeviceState {
  readonly id: string
  readonly state: Readonly<Record<string, PropertyValue>>
}

/** A fault in force; an attribute without an end is left out. */
export interface FaultView {
  readonly endpoint: string
  readonly name: string
  readonly type: FaultType
  readonly stream: FaultStream
  readonly toxicity: number
  readonly attributes: Readonly<Record<string, number>>
}

/** A fault that is asked for. */
export type FaultRequest = FaultSpec & {
  /** Which server's connections it strikes. Default: the first one. */
  readonly endpoint?: string
}

/** What an observer, such as a hub, heard of a device. */
export interface Observation {
  /** Who heard it, such as `demo-hub`. At most 64 characters. */
  readonly observer: string
  /** What kind of thing it was, such as `event`. At most 64 characters. */
  readonly topic: string
  /** What it was about, such as `LEQ0000001:1.STATE`. At most 200 characters. */
  readonly subject?: string
  readonly value?: PropertyValue | null
  /** Anything else, for people. At most 1000 characters. */
  readonly note?: string
}

/** An observation with its number and the time at which it was posted. */
export interface ObservationView extends Observation {
  readonly id: number
  /** ISO 8601. */
  readonly at: string
}

/** What observers have heard, as far as it is kept. */
export interface ObservationList {
  /** Oldest first. */
  readonly observations: readonly ObservationView[]
  /** How many were posted in all. */
  readonly total: number
}

/** The fake CCU, as the control API shows it. */
export interface CcuView {
  /** Where its clients call it; faults strike there. */
  readonly url: string
  readonly interfaceName: string
  readonly profile: CcuProfile
  readonly state: CcuState
  readonly quirks: CcuQuirks
  /** In percent; at 100 commands get a fault −8. */
  readonly dutyCycle: number
  readonly devices: number
  readonly registrations: readonly CcuRegistration[]
  readonly totals: { readonly calls: number; readonly answers: number }
}

/** Something for everyone registered to hear: a callback that is not an event. */
export type CcuAnnouncement =
  | {
      readonly kind: 'updateDevice'
      readonly address: string
      /** 0 for a new firmware (default), 1 for changed links. */
      readonly hint?: number
    }
  | { readonly kind: 'readdedDevice'; readonly address: string }
  | { readonly kind: 'replaceDevice'; readonly address: string; readonly newAddress: string }
  | { readonly kind: 'error'; readonly errorCode: number; readonly message: string }

/** A fleet to play; the seed decides the serial numbers of the catalogue's devices. */
export interface FleetRequest {
  readonly fleet: FleetName
  /** Default 1. */
  readonly seed?: number
}

/** An interface process for the fake CCU to take after. */
export interface ProfileRequest {
  readonly profile: CcuProfile
  /** Quirks other than the profile's. */
  readonly quirks?: Partial<CcuQuirks>
}

/** How the server is. */
export interface HealthView {
  readonly status: 'ok'
  readonly version: string
  readonly uptimeMs: number
}

/** What a problem looks like in an answer of the control API. */
export interface ProblemView {
  readonly error: {
    /** Stable, such as `FAKE_UNKNOWN_DEVICE`. */
    readonly code: string
    readonly message: string
    /** Which part of the request is meant: a dotted path in its body, or the path of its URL. */
    readonly path: string
  }
}

/** What the events of the control API carry, by their type. */
export interface ControlEventData {
  /** A property changed, or an action was set off. */
  readonly state: {
    readonly device: string
    readonly key: string
    readonly value: PropertyValue
    /** A client of the device, or the device itself (the control API acts as the device). */
    readonly source: 'client' | 'device'
  }
  /** A fake got a call. */
  readonly call: CcuCall
  /** A callback server answered, or did not. */
  readonly answer: CcuAnswer
  readonly registrations: { readonly registrations: readonly CcuRegistration[] }
  readonly devices: Readonly<Record<string, never>>
  /** Habits of the fake CCU were changed. */
  readonly quirks: { readonly profile: CcuProfile; readonly quirks: CcuQuirks }
  /** The fake CCU stops, starts or reboots. */
  readonly power: { readonly state: CcuState }
  readonly faults: { readonly faults: readonly FaultView[] }
  readonly observation: ObservationView
  /** Events were let go before this reader could get them. */
  readonly gap: { readonly missed: number | null }
}

/** The types of events. */
export type ControlEventType = keyof ControlEventData

/** An event of the control API. */
export type ControlEvent = {
  readonly [T in ControlEventType]: {
    /** Give it as `lastEventId` to go on after this event. */
    readonly id: string
    readonly type: T
    /** ISO 8601. */
    readonly at: string
    readonly data: ControlEventData[T]
  }
}[ControlEventType]

export type {
  CcuAnswer,
  CcuCall,
  CcuFaultOrder,
  CcuOutcome,
  CcuProfile,
  CcuQuirks,
  CcuRegistration,
  CcuState,
  DeviceSpec,
  FleetName,
  RebootOptions,
}
