import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { agree, type Chance, Deferred, runInterleavings } from '../concurrency/interleavings.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { RandomPolicy } from './random-policy.ts'

interface Call {
  readonly controller: AbortController
  readonly hasSignal: boolean
  readonly reason: object
  isAborted: boolean
  end: PromiseSettledResult<unknown> | undefined
}

const OUTCOMES = ['sync', 'throw', 'later', 'fail', 'obey', 'hang'] as const

/** Several calls of one random composition, aborted at random. */
class Run {
  readonly #chance: Chance
  readonly #clock = new ManualClock()
  readonly #made: RandomPolicy
  readonly #calls: Call[] = []
  /** Functions that end when the schedule says so. */
  readonly #hanging: Deferred<string>[] = []
  #broken: Error | undefined

  constructor(chance: Chance) {
    this.#chance = chance
    this.#made = new RandomPolicy(chance, this.#clock)
  }

  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step(this.#chance.below(100))
    await this.#finish()
    if (this.#broken !== undefined) throw this.#broken
  }

  async #step(dice: number): Promise<void> {
    if (dice < 40) this.#call()
    else if (dice < 65) await this.#abort(this.#chance.pick(this.#calls))
    else if (dice < 90) await this.#clock.advance(this.#chance.below(60))
    else this.#hanging.shift()?.resolve('hung')
  }

  #call(): void {
    const chance = this.#chance
    const call: Call = {
      controller: new AbortController(),
      hasSignal: chance.percent(85),
      reason: { call: this.#calls.length },
      isAborted: false,
      end: undefined,
    }
    this.#calls.push(call)
    const deadline = chance.percent(25) ? Deadline.after(chance.below(120), this.#clock) : undefined
    const { signal } = call.controller
    const given = { ...(call.hasSignal ? { signal } : {}), ...(deadline === undefined ? {} : { deadline }) }
    const run = this.#made.policy.execute((context) => this.#run(call, context), given)
    run.then(
      (value) => (call.end = { status: 'fulfilled', value }),
      (reason: unknown) => {
        call.end = { status: 'rejected', reason }
        if (reason instanceof TypeError || reason instanceof RangeError) this.#break(String(reason.stack))
      },
    )
  }

  #run(call: Call, context: CallContext): unknown {
    const what = this.#made.policy.name
    if (call.isAborted && call.hasSignal) this.#break(`function called after the abort: ${what}`)
    if (call.end !== undefined) this.#break(`function called after the end: ${what}`)
    const ms = this.#chance.below(80)
    const how = this.#chance.pick(OUTCOMES)
    if (how === 'sync') return 'at once'
    if (how === 'throw') throw new Error('at once')
    if (how === 'later') return this.#clock.sleep(ms).then(() => 'later')
    if (how === 'fail') return this.#clock.sleep(ms).then(() => Promise.reject(new Error('later')))
    if (how === 'obey') return this.#clock.sleep(ms, context.signal).then(() => 'later')
    const hanging = new Deferred<string>()
    this.#hanging.push(hanging)
    return hanging.promise
  }

  async #abort(call: Call | undefined): Promise<void> {
    if (call === undefined || call.isAborted) return
    await drained()
    const before = call.end
    call.isAborted = true
    call.controller.abort(call.reason)
    await drained()
    if (before !== undefined || !call.hasSignal) return
    // nothing moved, so the abort is what ends it, with its reason and not with what stands in for failures
    agree(`end at the abort of ${this.#made.policy.name}`, call.end, { status: 'rejected', reason: call.reason })
    if (call.end?.status === 'rejected') agree('the very reason', call.end.reason === call.reason, true)
    agree('listeners at the abort', getEventListeners(call.controller.signal, 'abort').length, 0)
  }

  async #finish(): Promise<void> {
    const { policy } = this.#made
    for (let round = 0; round < 300 && (this.#hanging.length > 0 || this.#clock.pending > 0 || round === 0); round++) {
      for (const hanging of this.#hanging.splice(0)) hanging.resolve('hung')
      await this.#clock.runAll()
    }
    for (const { controller, end } of this.#calls) {
      agree(`has settled: ${policy.name}`, end !== undefined, true)
      agree(`listeners: ${policy.name}`, getEventListeners(controller.signal, 'abort').length, 0)
    }
    agree(`timers: ${policy.name}`, this.#clock.pending, 0)
    agree(`remains: ${policy.name}`, this.#made.remains, [])
  }

  #break(message: string): void {
    this.#broken ??= new Error(message)
  }
}

const COUNT = lawCount({ inSuite: 1000, inSoak: 50_000 })

it(
  `heeds aborts and leaves nothing behind in ${COUNT} random interleavings of calls of random compositions`,
  async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', onUnhandled)
    try {
      expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(4 + chance.below(16)))).toEqual([])
      await new Promise<void>((resolve) => setImmediate(resolve))
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    expect(unhandled).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
