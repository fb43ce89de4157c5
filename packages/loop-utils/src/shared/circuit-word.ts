/**
 * The state of a shared circuit. `since` is the millisecond (counted from the making of the breaker) in which the state
 * was entered. It grows with every transition, so that it also tells one life of the circuit from another: a permit
 * that was given in an earlier one is late.
 */
export type CircuitState =
  | { readonly status: 'closed'; readonly since: number; readonly failures: number }
  | { readonly status: 'open'; readonly since: number }
  | HalfOpenCircuit
  | { readonly status: 'isolated'; readonly since: number }

export interface HalfOpenCircuit {
  readonly status: 'half-open'
  readonly since: number
  /** Probes that have not ended. */
  readonly probing: number
  /** Probes that have succeeded. */
  readonly succeeded: number
}

const STATUSES = ['closed', 'open', 'half-open', 'isolated'] as const
const COUNT_BITS = 10
const COUNT_MASK = 2 ** COUNT_BITS - 1
const LOW_BITS = 2n + 2n * BigInt(COUNT_BITS)
const LOW_MASK = (1n << LOW_BITS) - 1n

/** The most failures in a row that fit. */
export const MAX_FAILURES: number = 2 ** (2 * COUNT_BITS) - 1
/** The most probes and successes that fit. */
export const MAX_PROBES = 1000

/** Writes a state as one word: status in 2 bits, counters in 20, `since` in the other 42 (69 years). */
export function toWord(state: CircuitState): bigint {
  return (BigInt(state.since) << LOW_BITS) | BigInt((countersOf(state) << 2) | STATUSES.indexOf(state.status))
}

export function fromWord(word: bigint): CircuitState {
  const since = Number(word >> LOW_BITS)
  const low = Number(word & LOW_MASK)
  const counters = low >> 2
  const status = STATUSES[low & 3]
  if (status === 'half-open') {
    return { status, since, probing: counters & COUNT_MASK, succeeded: counters >> COUNT_BITS }
  }
  return status === 'open' || status === 'isolated'
    ? { status, since }
    : { status: 'closed', since, failures: counters }
}

function countersOf(state: CircuitState): number {
  if (state.status === 'closed') return state.failures
  return state.status === 'half-open' ? (state.succeeded << COUNT_BITS) | state.probing : 0
}
