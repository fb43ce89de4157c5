import { FIRST_LONG } from './atomic-memory.ts'
import { admit, type Admission, type CallEnd, type CircuitSettings, enter, settle } from './circuit-rules.ts'
import { type CircuitState, fromWord, toWord } from './circuit-word.ts'
import type { Protocol, SharedMemory } from './shared-memory.ts'

/** The whole state of the circuit, so that one exchange moves it. */
export const CIRCUIT: number = FIRST_LONG

/** Asks for one call at `nowMs`. */
export function* askCircuit(memory: SharedMemory, nowMs: number, settings: CircuitSettings): Protocol<Admission> {
  for (;;) {
    yield
    const word = memory.loadLong(CIRCUIT)
    const state = fromWord(word)
    const admission = admit(state, nowMs, settings)
    if (!admission.isAdmitted || admission.next === state) return admission
    yield
    if (memory.compareExchangeLong(CIRCUIT, word, toWord(admission.next)) === word) return admission
  }
}

/** Tells the end of a call. Returns false when it came late: the circuit has left the state that admitted it. */
export function* tellCircuit(
  memory: SharedMemory,
  call: CallEnd & { readonly life: number },
  settings: CircuitSettings,
): Protocol<boolean> {
  for (;;) {
    yield
    const word = memory.loadLong(CIRCUIT)
    const state = fromWord(word)
    if (state.since !== call.life) return false
    const next = settle(state, call, settings)
    if (next === state) return true
    yield
    if (memory.compareExchangeLong(CIRCUIT, word, toWord(next)) === word) return true
  }
}

/** What somebody wants the circuit to be. */
export interface CircuitOrder {
  readonly status: 'closed' | 'isolated'
  readonly nowMs: number
  /** Only if it is still in this life. */
  readonly life?: number
}

/**
 * Closes or isolates the circuit. Nothing changes when it is isolated and is to be so. Returns the state that it is in
 * then.
 */
export function* setCircuit(memory: SharedMemory, { status, nowMs, life }: CircuitOrder): Protocol<CircuitState> {
  for (;;) {
    yield
    const word = memory.loadLong(CIRCUIT)
    const state = fromWord(word)
    if (life !== undefined && state.since !== life) return state
    if (status === 'isolated' && state.status === 'isolated') return state
    const next = enter(status, state, nowMs)
    yield
    if (memory.compareExchangeLong(CIRCUIT, word, toWord(next)) === word) return next
  }
}
