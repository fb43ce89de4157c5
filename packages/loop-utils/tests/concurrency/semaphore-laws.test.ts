import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { Semaphore, type HeldPermit } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, runInterleavings, turnMicrotasks, type Chance } from './interleavings.ts'
import { SemaphoreModel } from './semaphore-model.ts'

/** A semaphore and its model, led side by side through one schedule. */
class Run {
  readonly #chance: Chance
  readonly #log: string[] = []
  readonly #held: { readonly permit: HeldPermit; readonly permits: number }[] = []
  readonly #controllers: AbortController[] = []
  readonly #real: Semaphore
  readonly #model: SemaphoreModel

  constructor(chance: Chance) {
    const capacity = 1 + chance.below(4)
    const maxWaiting = chance.percent(30) ? chance.below(4) : 100
    this.#chance = chance
    this.#real = new Semaphore(capacity, { maxWaiting })
    this.#model = new SemaphoreModel(capacity, maxWaiting)
  }

  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step()
      agree('available', this.#real.available, this.#model.free)
      agree('waiting', this.#real.waiting, this.#model.queue.length)
      if (this.#chance.percent(40)) await this.#compareLogs()
    }
    await this.#finish()
  }

  #step(): void {
    const chance = this.#chance
    const dice = chance.below(100)
    if (dice < 40) this.#acquire(1 + chance.below(this.#real.capacity + (chance.percent(5) ? 1 : 0)))
    else if (dice < 50) this.#tryAcquire(1 + chance.below(this.#real.capacity))
    else if (dice < 75) this.#release()
    else if (dice < 92) this.#abort()
    else if (dice < 98) this.#resize(1 + chance.below(4))
    else agree('rejected', this.#real.rejectWaiting('closed'), this.#model.rejectWaiting())
  }

  #acquire(permits: number): void {
    const id = this.#controllers.length
    const controller = new AbortController()
    this.#controllers.push(controller)
    this.#model.acquire(id, permits)
    this.#real.acquire({ permits, signal: controller.signal }).then(
      (permit) => {
        this.#log.push(`${id} granted`)
        this.#held.push({ permit, permits })
      },
      (error: unknown) => this.#log.push(`${id} ${nameOf(error)}`),
    )
  }

  #tryAcquire(permits: number): void {
    const permit = this.#real.tryAcquire(permits)
    agree('tryAcquire', permit !== undefined, this.#model.tryAcquire(permits))
    if (permit !== undefined) this.#held.push({ permit, permits })
  }

  #release(): void {
    const index = this.#chance.below(this.#held.length)
    const [held] = this.#held.splice(index, 1)
    if (held === undefined) return
    held.permit.release()
    if (this.#chance.percent(20)) held.permit.release()
    this.#model.release(held.permits)
  }

  #abort(): void {
    const id = this.#chance.below(this.#controllers.length)
    const controller = this.#controllers[id]
    if (controller === undefined || controller.signal.aborted) return
    controller.abort('aborted')
    this.#model.abort(id)
  }

  #resize(capacity: number): void {
    this.#real.resize(capacity)
    this.#model.resize(capacity)
  }

  async #compareLogs(): Promise<void> {
    await turnMicrotasks()
    agree('log', this.#log, this.#model.log)
  }

  /** Everybody gets a turn in the end, nothing is lost, and no listener is left. */
  async #finish(): Promise<void> {
    await this.#compareLogs()
    while (this.#held.length > 0) {
      this.#release()
      await this.#compareLogs()
    }
    agree('waiting at the end', this.#real.waiting, 0)
    agree('available at the end', this.#real.available, this.#real.capacity)
    agree('settled', this.#log.length, this.#controllers.length)
    const listeners = this.#controllers.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0)
    agree('listeners', listeners, 0)
  }
}

function nameOf(error: unknown): string {
  if (error instanceof OptionError) return 'option'
  return error instanceof QueueOverflowError ? 'overflow' : String(error)
}

const COUNT = lawCount({ inSuite: 3000, inSoak: 100_000 })

it(
  `is the model in ${COUNT} random interleavings: order, bounds, aborts, no lost permit, no listener`,
  async () => {
    expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(6 + chance.below(18)))).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
