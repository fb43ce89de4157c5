import type { ParameterValue } from '../catalogue/parameter.ts'
import type { WireDouble } from '../wire/wire-value.ts'

/** What an `event` callback reports. */
export interface CcuValueEvent {
  /** A channel's address, or `CENTRAL` for the answer to a ping. */
  readonly address: string
  readonly parameter: string
  readonly value: ParameterValue | WireDouble
}

/** How events are brought: one call each, always in a multicall, or whichever suits their number. */
export type EventDelivery = 'single' | 'multicall' | 'auto'

/** All ways, for choosing one. */
export const EVENT_DELIVERIES: readonly EventDelivery[] = ['single', 'multicall', 'auto']
