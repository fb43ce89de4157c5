import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { AdaptiveConcurrency, type LimitPermit } from '../../src/concurrency/index.ts'
import { QueueOverflowError } from '../../src/errors/index.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, type Chance, Deferred, runInterleavings } from './interleavings.ts'

interface Call {
  readonly id: number
  readonly controller: AbortController
  /** Settles the function. */
  readonly end: Deferred<string>
  state: 'waiting' | 'running' | 'ended'
  /** What its caller was told. */
  told: string | undefined
}

/** An adaptive limit and its line, led through one schedule. The limit itself is read, as it is the algorithm's. */
class Run {
  readonly #chance: Chance
  readonly #clock = new ManualClock()
  readonly #min: number
  readonly #max: number
  readonly #maxWaiting: number
  readonly #real: AdaptiveConcurrency
  readonly #calls: Call[] = []
  readonly #permits: LimitPermit[] = []
  /** Calls in the order in which their functions were called. */
  readonly #called: number[] = []
  /** The same as it has to be. */
  readonly #admitted: number[] = []
  /** Those that wait, in the order in which they came. */
  #line: Call[] = []
  #running = 0

  constructor(chance: Chance) {
    this.#chance = chance
    this.#min = 1 + chance.below(2)
    this.#max = this.#min + chance.below(5)
    this.#maxWaiting = chance.percent(30) ? chance.below(4) : 1000
    this.#real = new AdaptiveConcurrency({
      algorithm: chance.percent(50) ? 'aimd' : 'gradient',
      min: this.#min,
      max: this.#max,
      initial: this.#min + chance.below(this.#max - this.#min + 1),
      maxWaiting: this.#maxWaiting,
      isOverload: (error) => error === 'overload',
      clock: this.#clock,
    })
  }

  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step(this.#chance.below(100))
    await this.#finish()
  }

  async #step(dice: number): Promise<void> {
    if (dice < 40) await this.#call()
    else if (dice < 65) await this.#end(this.#chance.pick(this.#calls.filter(({ state }) => state === 'running')))
    else if (dice < 78) await this.#abort(this.#chance.pick(this.#calls))
    else if (dice < 85) this.#tryAcquire()
    else if (dice < 92) await this.#giveBack()
    else if (dice < 94) await this.#rejectWaiting()
    else await this.#clock.advance(this.#chance.below(50))
  }

  async #call(): Promise<void> {
    const controller = new AbortController()
    const call: Call = { id: this.#calls.length, controller, end: new Deferred(), state: 'waiting', told: undefined }
    this.#calls.push(call)
    const isFree = this.#line.length === 0 && this.#running < this.#real.limit
    const run = this.#real.execute(() => this.#enter(call), { signal: controller.signal })
    run.then(
      () => (call.told = 'value'),
      (error: unknown) => (call.told = error instanceof QueueOverflowError ? 'overflow' : String(error)),
    )
    if (isFree) this.#admit(call)
    else if (this.#line.length < this.#maxWaiting) this.#line.push(call)
    else call.state = 'ended'
    await this.#compare()
    if (call.state === 'ended') agree('told', call.told, 'overflow')
  }

  #enter(call: Call): Promise<string> {
    this.#called.push(call.id)
    if (call.controller.signal.aborted) throw new Error('called after the abort')
    return call.end.promise
  }

  #admit(call: Call): void {
    call.state = 'running'
    this.#running++
    this.#admitted.push(call.id)
  }

  /** Whoever is first enters as long as the limit, which what has just ended may have moved, admits it. */
  async #serve(): Promise<void> {
    await drained()
    const { limit } = this.#real
    agree('limit within its bounds', limit >= this.#min && limit <= this.#max, true)
    while (this.#line.length > 0 && this.#running < limit) this.#admit(this.#line.shift() as Call)
  }

  async #end(call: Call | undefined): Promise<void> {
    if (call === undefined) return
    call.state = 'ended'
    this.#running--
    const how = this.#chance.pick(['value', 'error', 'overload'] as const) ?? 'value'
    if (how === 'value') call.end.resolve(how)
    else call.end.reject(how)
    const told = call.told ?? how
    await this.#serve()
    agree('told', call.told, told)
    await this.#compare()
  }

  async #abort(call: Call | undefined): Promise<void> {
    if (call === undefined || call.controller.signal.aborted) return
    const wasTold = call.told
    call.controller.abort('aborted')
    if (call.state === 'waiting') {
      call.state = 'ended'
      this.#line = this.#line.filter((other) => other !== call)
    }
    await drained()
    // a function that runs keeps its slot, but its caller is free at once
    agree('told at the abort', call.told, wasTold ?? 'aborted')
    await this.#compare()
  }

  #tryAcquire(): void {
    const isFree = this.#line.length === 0 && this.#running < this.#real.limit
    const permit = this.#real.tryAcquire()
    agree('tryAcquire', permit !== undefined, isFree)
    if (permit === undefined) return
    this.#permits.push(permit)
    this.#running++
  }

  async #giveBack(): Promise<void> {
    const [permit] = this.#permits.splice(this.#chance.below(this.#permits.length), 1)
    if (permit === undefined) return
    const how = this.#chance.pick(['succeed', 'overload', 'release'] as const) ?? 'release'
    permit[how]()
    permit.release()
    this.#running--
    await this.#serve()
    await this.#compare()
  }

  async #rejectWaiting(): Promise<void> {
    agree('rejected', this.#real.rejectWaiting('closed'), this.#line.length)
    await drained()
    for (const call of this.#line) {
      call.state = 'ended'
      agree('told when the line is closed', call.told, 'closed')
    }
    this.#line = []
  }

  async #compare(): Promise<void> {
    await drained()
    agree('order of calls', this.#called, this.#admitted)
    agree('running', this.#real.running, this.#running)
    agree('waiting', this.#real.waiting, this.#line.length)
  }

  async #finish(): Promise<void> {
    while (this.#permits.length > 0) await this.#giveBack()
    for (let running = this.#some(); running !== undefined; running = this.#some()) await this.#end(running)
    const { running, waiting } = this.#real.stats()
    agree('at the end', { running, waiting }, { running: 0, waiting: 0 })
    for (const { told, controller } of this.#calls) {
      agree('told at the end', told !== undefined, true)
      agree('listeners', getEventListeners(controller.signal, 'abort').length, 0)
    }
    agree('timers', this.#clock.pending, 0)
  }

  #some(): Call | undefined {
    return this.#calls.find(({ state }) => state === 'running')
  }
}

const COUNT = lawCount({ inSuite: 1200, inSoak: 50_000 })

it(
  `is first come first served within its limit in ${COUNT} random interleavings, whatever the limit learns`,
  async () => {
    expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(6 + chance.below(25)))).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
