import type { CallOutcome } from '../../src/shared/circuit-rules.ts'

/** The rules of a shared circuit in plain variables. Written from the documentation alone. */
export class CircuitModel {
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed'
  enteredMs = 0
  life = 0
  row = 0
  out = 0
  good = 0
  readonly #rules: Required<{ failures: number; open: number; probes: number; successes: number; maxWait: number }>

  constructor(rules: CircuitModel['rules']) {
    this.#rules = rules
  }

  get rules(): { failures: number; open: number; probes: number; successes: number; maxWait: number } {
    return this.#rules
  }

  #enter(state: CircuitModel['state'], nowMs: number): void {
    this.state = state
    this.enteredMs = Math.max(Math.ceil(nowMs), this.enteredMs + 1)
    this.life++
    this.row = 0
    this.out = 0
  }

  ask(nowMs: number): number | undefined {
    if (this.state === 'isolated') return undefined
    if (this.state === 'open') {
      if (nowMs < this.enteredMs + this.#rules.open) return undefined
      this.#enter('half-open', nowMs)
      this.good = 0
    } else if (this.state === 'half-open' && this.out >= this.#rules.probes) {
      if (nowMs < this.enteredMs + this.#rules.maxWait) return undefined
      this.#enter('half-open', nowMs)
    }
    if (this.state === 'half-open') this.out++
    return this.life
  }

  tell(life: number, outcome: CallOutcome, nowMs: number): void {
    if (life !== this.life) return
    if (this.state === 'half-open') {
      this.out--
      if (outcome === 'failure') this.#enter('open', nowMs)
      else if (outcome === 'success' && ++this.good >= this.#rules.successes) this.#enter('closed', nowMs)
    } else if (this.state === 'closed') {
      if (outcome === 'success') this.row = 0
      if (outcome === 'failure' && ++this.row >= this.#rules.failures) this.#enter('open', nowMs)
    }
  }

  set(state: 'closed' | 'isolated', nowMs: number): void {
    if (state === 'isolated' && this.state === 'isolated') return
    this.#enter(state, nowMs)
  }
}
