import type { Clock } from '@x/loop-utils/clock'
import type { SentDescription } from '../sent-description.ts'
import type { CcuQuirks } from '../quirks.ts'
import { Doorbell } from '../../doorbell.ts'
import type { CallbackClient, CallbackOutcome } from './callback-client.ts'
import type { CcuRegistration, RegistrationState } from './registration.ts'
import type { CcuValueEvent, EventDelivery } from './value-event.ts'
import { newDevicesFor } from './known-devices.ts'
import type { InterfaceGate } from './interface-gate.ts'

/** What a session needs of its CCU. */
export interface SessionContext {
  readonly interfaceId: string
  readonly url: string
  readonly client: CallbackClient
  /** Most events in one multicall. */
  readonly maxBatch: number
  /** How long events are gathered for one multicall, in milliseconds. */
  readonly batchIntervalMs: number
  /** Most events that wait; beyond it the oldest are lost. */
  readonly maxQueued: number
  readonly clock: Clock
  readonly gate: InterfaceGate
  readonly quirks: () => CcuQuirks
  readonly descriptions: () => readonly SentDescription[]
  onAnswer(
    method: string,
    outcome: CallbackOutcome,
    details: { readonly events: number; readonly startedAt: number },
  ): void
  onChange(): void
}

type Job =
  | { readonly kind: 'event'; readonly event: CcuValueEvent }
  | { readonly kind: 'batch'; readonly events: readonly CcuValueEvent[]; readonly as: EventDelivery }
  | { readonly kind: 'call'; readonly method: string; readonly params: readonly unknown[] }

/** After so many calls in a row without an answer the interface counts as dead; a refused connection does at once. */
const FAILURES_UNTIL_DEAD = 3

/** One registration by `init`: makes the callback server known with the devices, then brings it events, in order. */
export class CallbackSession {
  readonly #context: SessionContext
  readonly #registeredAt = new Date().toISOString()
  readonly #bell: Doorbell
  readonly #counts = { sent: 0, lost: 0, answered: 0, faults: 0, failed: 0 }
  #jobs: Job[] = []
  /** When the job in front began to wait. */
  #waitingSince = 0
  #queued = 0
  #state: RegistrationState = 'introducing'
  #failuresInARow = 0
  #lastFailure: string | undefined
  #isBusy = true
  #idleWaiters: (() => void)[] = []

  constructor(context: SessionContext) {
    this.#context = context
    this.#bell = new Doorbell(context.clock)
  }

  get interfaceId(): string {
    return this.#context.interfaceId
  }

  get url(): string {
    return this.#context.url
  }

  view(): CcuRegistration {
    const { interfaceId, url } = this.#context
    const failure = this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }
    const queued = this.#queued
    return {
      interfaceId,
      url,
      state: this.#state,
      registeredAt: this.#registeredAt,
      ...this.#counts,
      queued,
      ...failure,
    }
  }

  /** Works until it is stopped or the interface is dead. */
  async run(): Promise<void> {
    await this.#introduce()
    if (this.#state === 'introducing') this.#enter('ready')
    while (this.#state === 'ready') {
      await this.#context.gate.pass()
      const gatherMs = this.#gatherMs()
      if (gatherMs > 0) {
        await this.#bell.wait(gatherMs)
        continue
      }
      const job = this.#next()
      if (job !== undefined) {
        await this.#work(job)
        continue
      }
      this.#rest()
      await this.#bell.wait()
    }
    this.#rest()
  }

  /** Brings an event to the callback server when its turn comes; counts it as lost when the interface is dead. */
  enqueue(event: CcuValueEvent): void {
    this.#add({ kind: 'event', event })
  }

  enqueueBatch(events: readonly CcuValueEvent[], as: EventDelivery): void {
    this.#add({ kind: 'batch', events, as })
  }

  /** Makes a call in its turn among the events. */
  enqueueCall(method: string, params: readonly unknown[]): void {
    this.#add({ kind: 'call', method, params })
  }

  /** Makes a call beside the queue. */
  async call(method: string, params: readonly unknown[], events = 0): Promise<CallbackOutcome> {
    const { client, gate, quirks } = this.#context
    const startedAt = performance.now()
    const isHanging = method === 'newDevices' && quirks().hangsOnNewDevices
    const outcome = isHanging
      ? await gate.hold(client.call(method, params, Infinity))
      : await client.call(method, params)
    this.#note(outcome)
    this.#context.onAnswer(method, outcome, { events, startedAt })
    return outcome
  }

  /** Resolves when nothing waits to be sent. */
  idle(): Promise<void> {
    return this.#isBusy ? new Promise((resolve) => this.#idleWaiters.push(resolve)) : Promise.resolve()
  }

  stop(): void {
    this.#enter('stopped')
    this.#context.client.stop()
    this.#forget()
    this.#bell.ring()
  }

  async #introduce(): Promise<void> {
    const { interfaceId, quirks, descriptions } = this.#context
    await this.#callInTurn('system.listMethods', [interfaceId])
    const known = await this.#callInTurn('listDevices', [quirks().emptyInterfaceId ? '' : interfaceId])
    if (known === undefined) return
    if (known.kind === 'failed' && known.failure === 'unacceptable') return this.#die()
    const { added, deleted } = newDevicesFor(known, descriptions())
    if (deleted.length > 0) await this.#callInTurn('deleteDevices', [interfaceId, deleted])
    if (added.length > 0) await this.#callInTurn('newDevices', [interfaceId, added])
  }

  /** A call of the introduction; undefined when the session has ended. */
  async #callInTurn(method: string, params: readonly unknown[]): Promise<CallbackOutcome | undefined> {
    await this.#context.gate.pass()
    return this.#state === 'introducing' ? await this.call(method, params) : undefined
  }

  async #work(job: Job): Promise<void> {
    if (job.kind === 'call') {
      await this.call(job.method, job.params)
      return
    }
    const { events, as } = job.kind === 'batch' ? job : { events: [job.event], as: this.#context.quirks().delivery }
    if (as === 'multicall' || (as === 'auto' && events.length > 1)) return this.#sendMulticall(events)
    for (const event of events) {
      const outcome = await this.call('event', this.#params(event), 1)
      this.#countEvents(outcome, 1)
    }
  }

  async #sendMulticall(events: readonly CcuValueEvent[]): Promise<void> {
    const calls = events.map((event) => ({ methodName: 'event', params: this.#params(event) }))
    const outcome = await this.call('system.multicall', [calls], events.length)
    this.#countEvents(outcome, events.length)
  }

  #params({ address, parameter, value }: CcuValueEvent): readonly unknown[] {
    return [this.#context.interfaceId, address, parameter, value]
  }

  #countEvents(outcome: CallbackOutcome, count: number): void {
    this.#counts[outcome.kind === 'failed' ? 'lost' : 'sent'] += count
  }

  #add(job: Job): void {
    const weight = weigh(job)
    if (this.#state === 'dead' || this.#state === 'stopped') {
      this.#counts.lost += weight
      return
    }
    while (this.#queued + weight > this.#context.maxQueued && this.#jobs.length > 0) this.#dropOldest()
    if (this.#jobs.length === 0) this.#waitingSince = this.#context.clock.now()
    this.#jobs.push(job)
    this.#queued += weight
    this.#isBusy = true
    this.#bell.ring()
  }

  /** The next job; adjacent events become one batch. */
  #next(): Job | undefined {
    const job = this.#jobs.shift()
    if (job === undefined) return undefined
    this.#queued -= weigh(job)
    this.#waitingSince = this.#context.clock.now()
    if (job.kind !== 'event' || this.#context.quirks().delivery === 'single') return job
    const events = [job.event]
    for (
      let next = this.#jobs[0];
      next?.kind === 'event' && events.length < this.#context.maxBatch;
      next = this.#jobs[0]
    ) {
      events.push(next.event)
      this.#jobs.shift()
      this.#queued -= 1
    }
    return { kind: 'batch', events, as: this.#context.quirks().delivery }
  }

  /** How long to wait for further events before those in front go, in milliseconds. */
  #gatherMs(): number {
    const { batchIntervalMs, maxBatch, quirks, clock } = this.#context
    if (batchIntervalMs === 0 || quirks().delivery === 'single' || this.#jobs.length === 0) return 0
    if (this.#jobs.length >= maxBatch || this.#jobs.some(({ kind }) => kind !== 'event')) return 0
    return this.#waitingSince + batchIntervalMs - clock.now()
  }

  #dropOldest(): void {
    const oldest = this.#jobs.shift()
    if (oldest === undefined) return
    this.#queued -= weigh(oldest)
    this.#counts.lost += weigh(oldest)
  }

  #note(outcome: CallbackOutcome): void {
    if (outcome.kind !== 'failed') {
      this.#failuresInARow = 0
      this.#counts[outcome.kind === 'fault' ? 'faults' : 'answered'] += 1
      return
    }
    this.#counts.failed += 1
    this.#failuresInARow += 1
    this.#lastFailure = outcome.message
    if (outcome.failure !== 'refused' && this.#failuresInARow < FAILURES_UNTIL_DEAD) return
    if (this.#state !== 'stopped') this.#die()
  }

  #die(): void {
    this.#enter('dead')
    this.#forget()
  }

  #forget(): void {
    this.#counts.lost += this.#queued
    this.#jobs = []
    this.#queued = 0
  }

  #enter(state: RegistrationState): void {
    if (this.#state === state) return
    this.#state = state
    this.#context.onChange()
  }

  #rest(): void {
    this.#isBusy = false
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }
}

/** How many events a job holds. */
function weigh(job: Job): number {
  if (job.kind === 'call') return 0
  return job.kind === 'batch' ? job.events.length : 1
}
