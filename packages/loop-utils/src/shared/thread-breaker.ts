import { CircuitIsolatedError, CircuitOpenError } from '../breaker/circuit-errors.ts'
import type { Permit } from '../breaker/permit.ts'
import { checkHalfOpen, type HalfOpenOptions } from '../breaker/half-open-options.ts'
import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { inScope } from '../concurrency/policy-scope.ts'
import {
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkObject,
  checkOnEvent,
  checkText,
} from '../errors/option-checks.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { AtomicMemory, type MemoryKind } from './atomic-memory.ts'
import { askCircuit, CIRCUIT, setCircuit, tellCircuit } from './circuit-protocol.ts'
import { admit, type CallOutcome, type CircuitSettings } from './circuit-rules.ts'
import { type CircuitState, fromWord, MAX_FAILURES, MAX_PROBES } from './circuit-word.ts'
import { runSteps } from './run-steps.ts'

const rejected = new ObservationPoint('x:loop-utils:thread-breaker:reject')

const KIND: MemoryKind = { name: 'ThreadBreaker', tag: 0x780a_7c04, bytes: 8 * 8 }

/** When the shared circuit opens and how it recovers; for who makes it. */
export interface ThreadBreakerRules {
  /** Failures in a row, of all threads together, that open the circuit, up to 1 048 575. Default 5. */
  readonly failures?: number
  /** How long it stays open, in milliseconds. Default 60 000. */
  readonly halfOpenAfterMs?: number
  readonly halfOpen?: ThreadHalfOpenRules
}

/**
 * How the shared circuit finds out whether its peer has recovered: as a CircuitBreaker does, but that the probes are
 * those of all threads together. `probes` and `successes` go up to 1000. When `maxWaitMs` have passed since the circuit
 * became half-open and all its probes are still out (as those of a thread that died), a new set of them may begin; what
 * the old ones bring then is late.
 */
export type ThreadHalfOpenRules = Pick<HalfOpenOptions, 'probes' | 'successes' | 'maxWaitMs'>

/** What a thread may choose for its own end of the breaker. */
export interface ThreadBreakerOptions extends Observer {
  /** Names the breaker in errors and events. Default `'thread circuit'`. */
  readonly name?: string
  /** All threads must read the same time, as they do with the default, the system's. */
  readonly clock?: Clock
}

/** What this thread has seen of the breaker. */
export interface ThreadBreakerStats {
  readonly admitted: number
  readonly rejected: number
  readonly successes: number
  readonly failures: number
  readonly ignored: number
  /** Outcomes that came after the circuit had left the state that admitted their call. They moved nothing. */
  readonly lateSettlements: number
}

/** The state of a circuit as one sees it from outside. */
export type ThreadCircuitState = CircuitState['status']

/**
 * A circuit breaker whose state all threads share that have its buffer: what fails in one is not tried in the others.
 * It opens after some failures in a row, refuses calls for a while, then lets probes through until one fails or enough
 * have succeeded. A success in any thread ends the row.
 *
 * The state is one word that is exchanged as a whole, so there is no lock that a dying thread could leave held, and no
 * timer: what follows from time is worked out when somebody asks.
 *
 * @example
 * ```ts
 * const breaker = new ThreadBreaker({ failures: 5, halfOpenAfterMs: 60_000 })
 * new Worker(entry, { workerData: { breaker: breaker.buffer } })
 * // in the worker
 * const shared = new ThreadBreaker(workerData.breaker)
 * await shared.execute(({ signal }) => request(url, { signal }))
 * ```
 */
export class ThreadBreaker implements Policy {
  readonly name: string
  readonly #memory: AtomicMemory
  readonly #settings: CircuitSettings
  readonly #clock: Clock
  readonly #observer: Observer
  /** What the clock showed a millisecond before the breaker was made. */
  readonly #epochMs: number
  readonly #counts: Record<keyof ThreadBreakerStats, number> = {
    admitted: 0,
    rejected: 0,
    successes: 0,
    failures: 0,
    ignored: 0,
    lateSettlements: 0,
  }
  #lastError: unknown

  /**
   * @param source the rules of a new breaker, or the `buffer` of one
   * @throws OptionError
   */
  constructor(source: ThreadBreakerRules | SharedArrayBuffer = {}, options: ThreadBreakerOptions = {}) {
    const { name = 'thread circuit', clock = systemClock, onEvent } = checkObject(options)
    this.name = checkText('name', name)
    this.#clock = checkClock(clock)
    this.#observer = { onEvent: checkOnEvent(onEvent) }
    if (AtomicMemory.isBuffer(source)) {
      this.#memory = AtomicMemory.attach(source, KIND)
    } else {
      const rules = checkRules(source)
      this.#memory = AtomicMemory.create(KIND)
      // a millisecond has passed in the first life, so that the second one begins in time
      writeFacts(this.#memory.buffer, [clock.now() - 1, ...rules])
    }
    const [epochMs, failures, halfOpenAfterMs, probes, successes, maxWaitMs] = readFacts(this.#memory.buffer)
    this.#epochMs = epochMs
    this.#settings = { failures, halfOpenAfterMs, probes, successes, maxWaitMs }
  }

  /** To be given to other threads, which make their own object of it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  /** Open circuits become half-open as their time is over, without anybody asking. */
  get state(): ThreadCircuitState {
    const state = this.#read()
    if (state.status !== 'open') return state.status
    return this.retryAfterMs() > 0 ? 'open' : 'half-open'
  }

  /**
   * When a call may be admitted at the earliest, in milliseconds from now: 0 when one may be now, or as soon as a probe
   * ends; `Infinity` when the circuit is isolated.
   */
  retryAfterMs(): number {
    const admission = admit(this.#read(), this.#now(), this.#settings)
    return admission.isAdmitted ? 0 : admission.retryAfterMs
  }

  /** What this thread has seen. */
  stats(): ThreadBreakerStats {
    return { ...this.#counts }
  }

  /** A permit for one call, or null when the circuit refuses it now. */
  tryAcquire(): Permit | null {
    const admission = this.#ask()
    return admission.isAdmitted ? new LifePermit(admission.life, this.#tell) : null
  }

  /**
   * Calls `fn` if the circuit admits it, and counts how it ends: a rejection is a failure, unless the caller aborted the
   * call, which is ignored. A timeout of an outer policy is a failure. Rejects with CircuitOpenError or
   * CircuitIsolatedError when the circuit refuses, and with `signal.reason` at the abort.
   */
  async execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    checkFunction('fn', fn)
    return await inScope(options, this.#clock, (scope) => {
      const admission = this.#ask()
      if (!admission.isAdmitted) throw this.#refusal(admission)
      return this.#call(scope, fn, new LifePermit(admission.life, this.#tell))
    })
  }

  /**
   * Refuses every call of every thread, until what is returned is disposed of, or any thread calls `reset`. The circuit
   * begins closed then.
   */
  isolate(): Disposable {
    const { since: life } = runSteps(setCircuit(this.#memory, { status: 'isolated', nowMs: this.#now() }))
    return {
      [Symbol.dispose]: () => {
        runSteps(setCircuit(this.#memory, { status: 'closed', nowMs: this.#now(), life }))
      },
    }
  }

  /**
   * Closes the circuit for every thread, whatever its state. Outcomes of calls that are under way come late, as long as
   * there are fewer resets than milliseconds.
   */
  reset(): void {
    runSteps(setCircuit(this.#memory, { status: 'closed', nowMs: this.#now() }))
  }

  async #call<T>(scope: CallScope, fn: PolicyFunction<T>, permit: LifePermit): Promise<T> {
    try {
      const value = await raceAbort(scope, fn)
      permit.success()
      return value
    } catch (error) {
      if (scope.aborted && !isTimeout(scope.reason)) permit.ignore()
      else permit.failure(error)
      throw error
    }
  }

  #ask(): ReturnType<typeof admit> {
    const admission = runSteps(askCircuit(this.#memory, this.#now(), this.#settings))
    this.#counts[admission.isAdmitted ? 'admitted' : 'rejected']++
    if (!admission.isAdmitted && rejected.isObserved(this.#observer)) {
      const { status: state, retryAfterMs } = admission
      rejected.publish({ name: this.name, state, retryAfterMs }, this.#observer)
    }
    return admission
  }

  readonly #tell = (life: number, outcome: CallOutcome, error?: unknown): void => {
    if (outcome === 'failure' && error !== undefined) this.#lastError = error
    const isInTime = runSteps(tellCircuit(this.#memory, { life, outcome, nowMs: this.#now() }, this.#settings))
    this.#counts[isInTime ? COUNTS[outcome] : 'lateSettlements']++
  }

  #refusal(admission: { readonly status: ThreadCircuitState; readonly retryAfterMs: number }): Error {
    const { status, retryAfterMs } = admission
    if (status === 'isolated') return new CircuitIsolatedError(this.name, 'for all threads')
    const why = status === 'half-open' ? 'is half-open and all its probes are out' : 'is open'
    return new CircuitOpenError({ name: this.name, retryAfterMs, why, lastError: this.#lastError })
  }

  #read(): CircuitState {
    return fromWord(this.#memory.loadLong(CIRCUIT))
  }

  #now(): number {
    return this.#clock.now() - this.#epochMs
  }
}

/** Time that was up tells something about the peer; a caller who gave up does not. */
function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}

const COUNTS = { success: 'successes', failure: 'failures', ignore: 'ignored' } as const

/** The leave to make one call in one life of the circuit. */
class LifePermit implements Permit {
  readonly #life: number
  #tell: ((life: number, outcome: CallOutcome, error?: unknown) => void) | undefined

  constructor(life: number, tell: (life: number, outcome: CallOutcome, error?: unknown) => void) {
    this.#life = life
    this.#tell = tell
  }

  get isSettled(): boolean {
    return this.#tell === undefined
  }

  success(): void {
    this.#settle('success')
  }

  failure(error?: unknown): void {
    this.#settle('failure', error)
  }

  ignore(): void {
    this.#settle('ignore')
  }

  #settle(outcome: CallOutcome, error?: unknown): void {
    const tell = this.#tell
    this.#tell = undefined
    tell?.(this.#life, outcome, error)
  }
}

/** The epoch and the rules, in the order in which they lie in the buffer. They never change. */
type Facts = readonly [
  epochMs: number,
  failures: number,
  halfOpenAfterMs: number,
  probes: number,
  successes: number,
  maxWaitMs: number,
]

const FIRST_FACT = 2
const FACTS = 6

function writeFacts(buffer: SharedArrayBuffer, facts: Facts): void {
  new Float64Array(buffer, FIRST_FACT * 8, FACTS).set(facts)
}

function readFacts(buffer: SharedArrayBuffer): Facts {
  return [...new Float64Array(buffer, FIRST_FACT * 8, FACTS)] as unknown as Facts
}

function checkRules(rules: ThreadBreakerRules): [number, number, number, number, number] {
  const { failures = 5, halfOpenAfterMs = 60_000 } = checkObject(rules, 'source')
  const { probes, successes, maxWaitMs } = checkHalfOpen('halfOpen', rules.halfOpen)
  return [
    checkInteger('failures', failures, { min: 1, max: MAX_FAILURES }),
    checkDuration('halfOpenAfterMs', halfOpenAfterMs),
    probes,
    checkInteger('halfOpen.successes', successes, { min: 1, max: MAX_PROBES }),
    maxWaitMs,
  ]
}
