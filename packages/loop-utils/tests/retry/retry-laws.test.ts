import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { sequence } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { RetryExhaustedError } from '../../src/errors/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { RetryBudget, tokenBucket, type RateLimiter } from '../../src/rate/index.ts'
import { retry, retryPolicy, type RetryOptions } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { agree, type Chance, runInterleavings } from '../concurrency/interleavings.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'

/** What a retry was doing when it was aborted. */
type Phase = 'not begun' | 'in a callback' | 'function' | 'retryIf' | 'delay' | 'limiter' | 'between' | 'settled'

/** What aborts it. */
type Trigger =
  | 'nothing'
  | 'before'
  | 'time'
  | 'timer'
  | 'fn'
  | 'retryIf'
  | 'retryIfResult'
  | 'retryAfterMs'
  | 'onRetry'
  | 'end'

const TRIGGERS: readonly Trigger[] = [
  'nothing',
  'before',
  'time',
  'time',
  'timer',
  'timer',
  'fn',
  'retryIf',
  'retryIfResult',
  'retryAfterMs',
  'onRetry',
  'end',
]

/** How often a retry was aborted in each phase, over all schedules. */
const aborted = new Map<Phase, number>()

/** One retry, aborted at one moment. */
class Run {
  readonly #chance: Chance
  readonly #clock = new ManualClock()
  readonly #controller = new AbortController()
  readonly #reason = { reason: 'aborted by the law' }
  readonly #trigger: Trigger
  /** At which of its opportunities the trigger fires, and how many microtasks after it. */
  readonly #at: number
  readonly #depth: number
  readonly #delaysMs: readonly number[]
  readonly #limiter: RateLimiter | undefined
  readonly #options: RetryOptions
  /** Timers of the function itself, which may go on after the abort. */
  #ownTimers = 0
  #opportunities = 0
  #phase: Phase = 'not begun'
  #isAborted = false
  /** Whether what it was doing at the abort may have had its outcome by then. */
  #mayHaveEnded = false
  #calls = 0
  #lastEndAt = 0
  #waited = true
  #outcome: PromiseSettledResult<unknown> | undefined
  readonly #values = new Set<unknown>()

  constructor(chance: Chance) {
    this.#chance = chance
    this.#trigger = chance.pick(TRIGGERS) as Trigger
    this.#at = chance.below(3)
    this.#depth = chance.below(10)
    this.#delaysMs = Array.from({ length: 1 + chance.below(4) }, () => chance.below(20))
    const some = { capacity: 1, refill: 1, intervalMs: 1 + chance.below(40), clock: this.#clock }
    this.#limiter = chance.percent(25) ? tokenBucket(some) : undefined
    this.#options = this.#makeOptions()
  }

  async play(): Promise<void> {
    const { signal } = this.#controller
    if (this.#trigger === 'before') this.#abort()
    const run = this.#start()
    if (this.#phase === 'not begun') this.#phase = 'between'
    run.then(
      (value) => this.#settle({ status: 'fulfilled', value }),
      (reason: unknown) => this.#settle({ status: 'rejected', reason }),
    )
    if (this.#trigger === 'time') await this.#abortAt(this.#chance.below(60))
    if (this.#trigger === 'timer') this.#clock.setTimer(() => void this.#abortDeep(), this.#chance.below(60))
    await this.#clock.runAll()
    if (!this.#isAborted) this.#checkUnaborted()
    agree('settled', this.#outcome !== undefined, true)
    agree('timers left', this.#clock.pending, 0)
    agree('listeners left', getEventListeners(signal, 'abort').length, 0)
    agree('waiting for the limiter', this.#limiter?.waiting ?? 0, 0)
    // an abort that comes too late changes nothing
    this.#controller.abort(this.#reason)
  }

  #start(): Promise<unknown> {
    const fn = (context: CallContext): unknown => this.#call(context)
    const { signal, deadline, ...plan } = this.#options
    if (this.#chance.percent(50)) return retry(fn, this.#options)
    return retryPolicy(plan).execute(fn, { signal, deadline })
  }

  #makeOptions(): RetryOptions {
    const chance = this.#chance
    const maybe = <T>(percent: number, make: () => T): T | undefined => (chance.percent(percent) ? make() : undefined)
    const delays = sequence(this.#delaysMs, { repeatLast: chance.percent(50) })
    return {
      signal: this.#controller.signal,
      clock: this.#clock,
      backoff: delays,
      maxAttempts: 1 + chance.below(5),
      limiter: this.#limiter,
      deadline: maybe(20, () => Deadline.after(1 + chance.below(80), this.#clock)),
      attemptTimeoutMs: maybe(25, () => 1 + chance.below(30)) ?? Infinity,
      maxElapsedMs: maybe(25, () => chance.below(80)) ?? Infinity,
      budget: maybe(15, () => new RetryBudget({ clock: this.#clock })),
      retryIf: maybe(40, () => (): boolean | Promise<boolean> => this.#retryIf()),
      retryIfResult: maybe(30, () => (): boolean => this.#refuses()),
      retryAfterMs: maybe(15, () => (): number | undefined => this.#retryAfterMs()),
      onRetry: () => {
        this.#opportunity('onRetry')
        this.#phase = 'delay'
      },
    } as RetryOptions
  }

  #call({ signal }: CallContext): unknown {
    if (this.#isAborted) throw this.#broken('the function is called after the abort')
    if (this.#outcome !== undefined) throw this.#broken('the function is called after the end')
    this.#checkDelay()
    this.#calls++
    this.#phase = 'in a callback'
    this.#opportunity('fn')
    this.#phase = 'function'
    const value = { call: this.#calls }
    this.#values.add(value)
    const dice = this.#chance.below(100)
    if (dice < 10) return this.#ended(value)
    if (dice < 20) throw this.#ended(value)
    const result = this.#result(signal, value)
    result.then(
      () => this.#ended(value),
      () => this.#ended(value),
    )
    // oxlint-disable-next-line unicorn/no-thenable -- any thenable is as good as a promise
    return dice < 30 ? { then: result.then.bind(result) } : result
  }

  /** Of the function: at once or later, well or badly, heeding the signal or not. */
  async #result(signal: AbortSignal, value: unknown): Promise<unknown> {
    const chance = this.#chance
    const ms = chance.percent(30) ? 0 : chance.below(40)
    const isGood = chance.percent(30)
    if (chance.percent(20)) await this.#clock.sleep(ms, signal)
    else if (ms > 0) {
      this.#ownTimers++
      await this.#clock.sleep(ms)
      this.#ownTimers--
    }
    if (isGood) return value
    throw value
  }

  /** The function has its outcome; some microtasks later the retry goes on. */
  #ended<T>(value: T): T {
    if (this.#phase === 'function') this.#phase = 'between'
    this.#lastEndAt = this.#clock.now()
    this.#waited = false
    if (!this.#isAborted && this.#trigger === 'end' && this.#opportunities++ === this.#at) void this.#abortDeep()
    return value
  }

  #retryIf(): boolean | Promise<boolean> {
    this.#opportunity('retryIf')
    const isWorthwhile = this.#chance.percent(85)
    if (this.#chance.percent(50)) return isWorthwhile
    this.#phase = 'retryIf'
    const ms = this.#chance.below(15)
    this.#ownTimers++
    return this.#clock.sleep(ms).then(() => {
      this.#ownTimers--
      this.#lastEndAt = this.#clock.now()
      if (this.#phase === 'retryIf') this.#phase = 'between'
      return isWorthwhile
    })
  }

  #refuses(): boolean {
    this.#opportunity('retryIfResult')
    return this.#chance.percent(50)
  }

  #retryAfterMs(): number | undefined {
    this.#opportunity('retryAfterMs')
    this.#waited = true
    return this.#chance.percent(50) ? this.#chance.below(30) : undefined
  }

  /** A callback runs: is it the one that aborts? */
  #opportunity(trigger: Trigger): void {
    if (this.#isAborted && trigger !== 'retryIfResult') throw this.#broken(`${trigger} is called after the abort`)
    if (this.#trigger === trigger && this.#opportunities++ === this.#at) this.#abort('in a callback')
  }

  async #abortAt(ms: number): Promise<void> {
    await this.#clock.advance(ms)
    await drained()
    // nothing moves now: whatever goes on, the abort must end it with its reason
    this.#abort(undefined, true)
    await drained()
  }

  async #abortDeep(): Promise<void> {
    for (let level = 0; level < this.#depth; level++) await Promise.resolve()
    this.#abort()
  }

  #abort(phase?: Phase, isQuiet = false): void {
    if (this.#isAborted) return
    const { waiting = 0 } = this.#limiter ?? {}
    const doing = phase ?? (this.#outcome === undefined ? (waiting > 0 ? 'limiter' : this.#phase) : 'settled')
    aborted.set(doing, (aborted.get(doing) ?? 0) + 1)
    this.#mayHaveEnded = !isQuiet && (doing === 'between' || doing === 'in a callback')
    this.#isAborted = true
    const before = this.#outcome
    this.#controller.abort(this.#reason)
    void drained().then(() => this.#checkAborted(doing, before))
  }

  #checkAborted(doing: Phase, before: PromiseSettledResult<unknown> | undefined): void {
    const outcome = this.#outcome
    if (outcome === undefined) throw this.#broken(`not settled within the macrotask of an abort (${doing})`)
    if (before !== undefined) return
    const isReason = outcome.status === 'rejected' && outcome.reason === this.#reason
    if (!isReason && !this.#mayHaveEnded && !this.#isTimeUp()) {
      throw this.#broken(`aborted (${doing}), but it ended with ${JSON.stringify(outcome)}`)
    }
    if (this.#clock.pending > this.#ownTimers) throw this.#broken(`a timer is left (${doing})`)
    const { length } = getEventListeners(this.#controller.signal, 'abort')
    if (length > 0) throw this.#broken(`a listener is left (${doing})`)
  }

  /** A timer of the same millisecond may have ended it, some microtasks before the abort. */
  #isTimeUp(): boolean {
    return this.#trigger === 'timer' || this.#trigger === 'end'
  }

  #settle(outcome: PromiseSettledResult<unknown>): void {
    this.#outcome = outcome
    const max = this.#options.maxAttempts ?? 0
    if (this.#calls > max) throw this.#broken(`${this.#calls} calls where ${max} are allowed`)
  }

  /** Where nothing else takes time, the next call comes after just the delay of the backoff. */
  #checkDelay(): void {
    const { attemptTimeoutMs } = this.#options
    if (this.#calls === 0 || this.#limiter !== undefined || this.#waited || attemptTimeoutMs !== Infinity) return
    const expected = this.#delaysMs[this.#calls - 1] ?? this.#delaysMs.at(-1)
    agree(`delay before call ${this.#calls + 1}`, this.#clock.now() - this.#lastEndAt, expected)
  }

  #checkUnaborted(): void {
    const outcome = this.#outcome
    if (outcome?.status === 'fulfilled')
      agree('its value is one of the function', this.#values.has(outcome.value), true)
    else if (outcome?.reason instanceof RetryExhaustedError) {
      const { attempts } = outcome.reason
      agree('attempts', attempts, this.#calls)
    }
  }

  /** What was broken is told even where the retry would swallow it. */
  #broken(message: string): Error {
    const error = new Error(message)
    broken ??= error
    return error
  }
}

let broken: Error | undefined

async function play(chance: Chance): Promise<void> {
  broken = undefined
  await new Run(chance).play()
  if (broken !== undefined) throw broken
}

const COUNT = lawCount({ inSuite: 3000, inSoak: 100_000 })

it(
  `ends a retry at its abort in every phase, in ${COUNT} random interleavings: at once, no call, no timer, no listener`,
  async () => {
    aborted.clear()
    expect(await runInterleavings(COUNT, play)).toEqual([])
    const phases: readonly Phase[] = [
      'not begun',
      'in a callback',
      'function',
      'retryIf',
      'delay',
      'limiter',
      'between',
      'settled',
    ]
    for (const phase of phases) expect.soft(aborted.get(phase) ?? 0, phase).toBeGreaterThan(COUNT / 200)
  },
  LAW_TIMEOUT_MS,
)
