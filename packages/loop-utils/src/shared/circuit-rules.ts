import type { CircuitState, HalfOpenCircuit } from './circuit-word.ts'

/** When a shared circuit opens, and how it recovers. */
export interface CircuitSettings {
  /** Failures in a row that open it. */
  readonly failures: number
  /** How long it stays open. */
  readonly halfOpenAfterMs: number
  /** Probes at a time. */
  readonly probes: number
  /** Probes that must succeed. */
  readonly successes: number
  /** After how long unfinished probes no longer keep others from starting. */
  readonly maxWaitMs: number
}

/** What becomes of a call that asks. `life` is what its permit must show at its end. */
export type Admission =
  | { readonly isAdmitted: true; readonly next: CircuitState; readonly life: number }
  | { readonly isAdmitted: false; readonly status: CircuitState['status']; readonly retryAfterMs: number }

export type CallOutcome = 'success' | 'failure' | 'ignore'

/** How a call ended, and when. */
export interface CallEnd {
  readonly outcome: CallOutcome
  readonly nowMs: number
}

/** Decides over one call at `nowMs`. Pure: the caller writes `next`. */
export function admit(state: CircuitState, nowMs: number, settings: CircuitSettings): Admission {
  if (state.status === 'half-open') return admitProbe(state, nowMs, settings)
  const { status, since } = state
  if (status === 'closed') return { isAdmitted: true, next: state, life: since }
  if (status === 'isolated') return { isAdmitted: false, status, retryAfterMs: Infinity }
  const restMs = since + settings.halfOpenAfterMs - nowMs
  return restMs > 0 ? { isAdmitted: false, status, retryAfterMs: restMs } : probeAfter(state, nowMs, 0)
}

/** Takes note of the end of a call of this life. Returns `state` itself when nothing changes. */
export function settle(state: CircuitState, end: CallEnd, settings: CircuitSettings): CircuitState {
  const { outcome, nowMs } = end
  if (state.status === 'half-open') return settleProbe(state, end, settings)
  if (state.status !== 'closed' || outcome === 'ignore') return state
  if (outcome === 'success') return state.failures === 0 ? state : { ...state, failures: 0 }
  const failures = state.failures + 1
  return failures >= settings.failures ? { status: 'open', since: nextLife(state, nowMs) } : { ...state, failures }
}

/** How far ahead of its time a life may begin because a closed circuit was reset again and again. */
const MOST_AHEAD_MS = 100

/** Enters a state that somebody asked for. */
export function enter(status: 'closed' | 'isolated', state: CircuitState, nowMs: number): CircuitState {
  // lives that follow one another faster than milliseconds begin ahead of time, and who opens then stays open for longer
  const isAhead = state.since > nowMs + MOST_AHEAD_MS
  if (isAhead && status === 'closed' && state.status === 'closed') return { ...state, failures: 0 }
  const since = nextLife(state, nowMs)
  return status === 'closed' ? { status, since, failures: 0 } : { status, since }
}

/** The first millisecond that has not begun, so that no state ends early. */
function nextLife(state: CircuitState, nowMs: number): number {
  return Math.max(Math.ceil(nowMs), state.since + 1)
}

function admitProbe(state: HalfOpenCircuit, nowMs: number, settings: CircuitSettings): Admission {
  const { since, probing, succeeded } = state
  if (probing < settings.probes) {
    return { isAdmitted: true, next: { ...state, probing: probing + 1 }, life: since }
  }
  if (nowMs - since >= settings.maxWaitMs) return probeAfter(state, nowMs, succeeded)
  return { isAdmitted: false, status: 'half-open', retryAfterMs: 0 }
}

function probeAfter(state: CircuitState, nowMs: number, succeeded: number): Admission {
  const life = nextLife(state, nowMs)
  return { isAdmitted: true, next: { status: 'half-open', since: life, probing: 1, succeeded }, life }
}

function settleProbe(state: HalfOpenCircuit, { outcome, nowMs }: CallEnd, settings: CircuitSettings): CircuitState {
  if (outcome === 'failure') return { status: 'open', since: nextLife(state, nowMs) }
  const probing = state.probing - 1
  if (outcome === 'ignore') return { ...state, probing }
  const succeeded = state.succeeded + 1
  return succeeded >= settings.successes ? enter('closed', state, nowMs) : { ...state, probing, succeeded }
}
