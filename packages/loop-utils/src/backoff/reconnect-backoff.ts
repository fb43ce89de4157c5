import type { Backoff } from './backoff.ts'
import { exponential } from './growing.ts'

/** Other figures for reconnecting than those that every package uses. */
export interface ReconnectBackoffOptions {
  /** Default 1000. */
  readonly initialDelayMs?: number
  /** Default 60 000. */
  readonly maxDelayMs?: number
  /** Default 2. */
  readonly factor?: number
  /** How far a delay is spread to either side, as a share of it. Default 0.1. */
  readonly ratio?: number
  /** Whether no delay exceeds `maxDelayMs`. Default true: at the cap, 54 to 60 s. */
  readonly clamp?: boolean
}

/**
 * The delays with which every package reconnects: 1 s doubling to 60 s, spread by a tenth, for ever.
 *
 * @throws OptionError when an option is out of range
 */
export function reconnectBackoff(options: ReconnectBackoffOptions = {}): Backoff {
  const { ratio = 0.1, clamp = true, ...growth } = options
  return exponential({ ...growth, jitter: { ratio, clamp } })
}
