import type { CallbackFailure, CallbackOutcome } from './callback/callback-client.ts'
import type { CcuRegistration } from './callback/registration.ts'
import type { ParameterValue } from './catalogue/parameter.ts'
import type { CcuState } from './power.ts'
import type { CcuProfile, CcuQuirks } from './quirks.ts'
import { toPlain, type PlainWireValue } from './wire/wire-value.ts'
import type { WireFault } from './wire/xml.ts'

/** A call that the fake CCU got, and what it answered. Calls within a multicall are listed, too. */
export interface CcuCall {
  /** ISO 8601. */
  readonly at: string
  readonly method: string
  readonly params: readonly PlainWireValue[]
  /** Set when the answer was a fault. */
  readonly fault?: WireFault
}

/** What a callback server answered. */
export type CcuOutcome =
  | { readonly kind: 'answered'; readonly value: PlainWireValue }
  | { readonly kind: 'fault'; readonly fault: WireFault }
  | { readonly kind: 'failed'; readonly failure: CallbackFailure; readonly message: string }

/** A call that the fake CCU made to a callback server, and what became of it. */
export interface CcuAnswer {
  /** ISO 8601. */
  readonly at: string
  readonly interfaceId: string
  readonly method: string
  /** How many events the call brought. */
  readonly events: number
  /** Milliseconds from the call to its answer. */
  readonly durationMs: number
  readonly outcome: CcuOutcome
}

/** A value of a device changed, or an impulse was given. */
export interface CcuValueChange {
  readonly address: string
  readonly parameter: string
  readonly value: ParameterValue
  /** Who did it: a client of the CCU, or the device itself. */
  readonly source: 'client' | 'device'
}

/** What happens at a fake CCU. */
export type CcuEvent =
  | { readonly type: 'value'; readonly change: CcuValueChange }
  | { readonly type: 'call'; readonly call: CcuCall }
  | { readonly type: 'answer'; readonly answer: CcuAnswer }
  | { readonly type: 'registrations'; readonly registrations: readonly CcuRegistration[] }
  | { readonly type: 'devices' }
  | { readonly type: 'quirks'; readonly profile: CcuProfile; readonly quirks: CcuQuirks }
  | { readonly type: 'power'; readonly state: CcuState }

/** What a callback server answered, as plain data. */
export function toOutcome(outcome: CallbackOutcome): CcuOutcome {
  return outcome.kind === 'answered' ? { kind: 'answered', value: toPlain(outcome.value) } : outcome
}
