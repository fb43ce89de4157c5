import type { EngineLink, LinkCloseReport, LinkState } from '@x/loop-utils/channel'
import { ServiceStateError } from '@x/loop-utils/errors'
import { randomUUID } from 'node:crypto'
import type { AcknowledgedCall } from '../engine/call-cells.ts'
import type {
  CallOutcome,
  CrossingCall,
  EngineCounters,
  GivenCredentials,
  ListenAddress,
  XmlRpcEngineContract,
} from '../engine/contract.ts'
import { checkOptionNames } from '../option-names.ts'
import type { EngineIntent } from './engine-intent.ts'
import { EngineSeat } from './engine-seat.ts'
import { handPortOver } from './port-handover.ts'
import { RequestTally, type TallyProgress } from './request-tally.ts'
import type { ServerSettings } from './server-options.ts'
import { canSharePorts } from './shared-port.ts'
import { SwitchError } from './switch-error.ts'
import type { SwitchOptions, SwitchReport } from './switch-report.ts'

/** What the engines of a server bring about. */
export interface RoomHandlers {
  readonly calls: (calls: readonly AcknowledgedCall[]) => void
  readonly answer: (call: CrossingCall) => Promise<CallOutcome>
  readonly authorize: (given: GivenCredentials) => Promise<boolean>
  readonly progress: (progress: TallyProgress) => void
  /** Another engine serves, or one is gone and what it had counted is the others' to tell. */
  readonly changed: () => void
  /** The engine is gone and is being started again; undefined: it works again. */
  readonly crashed: (cause: Error | undefined) => void
  /** There is no engine any more. */
  readonly lost: (cause: unknown) => void
  readonly error: (error: unknown) => void
}

/** What an engine room needs. */
export interface RoomParts {
  readonly settings: ServerSettings
  readonly intent: EngineIntent
  readonly handlers: RoomHandlers
}

const DRAIN_MS = 5000
const IDLE_GRACE_MS = 500

/** Keeps the engine of a server: places it, brings it back, and lets another one take over. */
export class EngineRoom {
  readonly tally: RequestTally = new RequestTally()
  /** Names the engine for request handlers of this thread. */
  readonly mountKey: string = randomUUID()
  /** Where the engine runs, or will. */
  mode: 'loop' | 'thread'
  address: ListenAddress | undefined
  restarts = 0
  switches = 0
  readonly #parts: RoomParts
  #seat: EngineSeat | undefined
  /** The engine that gives way to the one in the seat. */
  #leaving: EngineSeat | undefined
  #signal: AbortSignal | undefined
  #switching: Promise<unknown> = Promise.resolve()

  constructor(parts: RoomParts) {
    this.#parts = parts
    this.mode = parts.settings.mode
  }

  /** Places an engine and binds the port. */
  async open(signal: AbortSignal): Promise<void> {
    const { host, port, listen } = this.#parts.settings
    this.#signal = signal
    this.#seat = await this.#openSeat(this.mode)
    if (listen) this.address = await this.#seat.listen({ host, port, isShared: this.#isShared, isFirst: true })
  }

  /** Ends everything; tells what became of what was under way. */
  async close(options: { readonly drain: boolean; readonly deadlineMs: number }): Promise<LinkCloseReport | undefined> {
    await this.#switching
    const seat = this.#seat
    this.#seat = undefined
    const endsAt = performance.now() + options.deadlineMs
    const { deadlineMs } = options
    if (options.drain) await seat?.drain({ deadlineMs, idleGraceMs: 0 }).catch(() => undefined)
    const report = await seat?.close({ drain: options.drain, deadlineMs: Math.max(0, endsAt - performance.now()) })
    if (seat !== undefined) this.tally.engineGone(seat)
    this.address = undefined
    return report
  }

  /** Resolves when everything that the engine has acknowledged by now is in the queues. Never rejects. */
  async caughtUp(): Promise<void> {
    // an answer comes after everything that was sent before it
    await this.#seat?.link?.call('counters', null).catch(() => undefined)
  }

  /** Tells the engine something, if there is one; a fresh one is told everything. */
  tell(push: (link: EngineLink<XmlRpcEngineContract>, engine: object) => Promise<void>): void {
    for (const seat of [this.#seat, this.#leaving]) {
      const link = seat?.link
      if (seat === undefined || link === undefined) continue
      push(link, seat).catch((error: unknown) => {
        // otherwise the engine is gone, and the next one is told
        if (link.state === 'up') this.#parts.handlers.error(error)
      })
    }
  }

  /** Lets an engine in the other mode take over the port. One such change follows the other. */
  switchTo(mode: 'loop' | 'thread', options: Required<SwitchOptions>): Promise<SwitchReport> {
    const change = this.#switching.then(() => this.#switchTo(mode, options))
    this.#switching = change.catch(() => undefined)
    return change
  }

  async #switchTo(mode: 'loop' | 'thread', options: Required<SwitchOptions>): Promise<SwitchReport> {
    const from = this.#running
    if (from.mode === mode) return { from: mode, to: mode, refusedMs: 0, drained: 0, aborted: 0 }
    const to = await this.#openFresh(from, mode)
    const refusedMs = await this.#handOver(from, to)
    this.#seat = to
    this.#leaving = from
    this.mode = mode
    this.switches++
    this.#parts.handlers.changed()
    const { drained, aborted } = await this.#empty(from, options)
    this.#leaving = undefined
    to.unstage()
    return { from: from.mode, to: mode, refusedMs, drained, aborted }
  }

  /** An engine that is told everything, and whose callbacks wait for those of the one before it. */
  async #openFresh(from: EngineSeat, mode: 'loop' | 'thread'): Promise<EngineSeat> {
    let fresh: EngineSeat
    try {
      fresh = await this.#openSeat(mode)
    } catch (cause) {
      throw new SwitchError({ from: from.mode, to: mode, isServing: true }, { cause })
    }
    fresh.stage()
    if (this.#signal?.aborted !== true) return fresh
    await fresh.close({ drain: false, deadlineMs: 0 })
    throw this.#signal.reason
  }

  async #handOver(from: EngineSeat, to: EngineSeat): Promise<number> {
    const { address } = this
    if (address === undefined) return 0
    try {
      return await handPortOver({ from, to, address, isShared: this.#isShared })
    } catch (error) {
      await to.close({ drain: false, deadlineMs: 0 })
      if (error instanceof SwitchError && !error.isServing) this.#parts.handlers.lost(error)
      throw error
    }
  }

  /** Lets an engine end what it has under way; everything that it acknowledged has been delivered then. */
  async #empty(seat: EngineSeat, options: Required<SwitchOptions>): Promise<{ drained: number; aborted: number }> {
    const { drainMs: deadlineMs, idleGraceMs } = options
    const report = await seat.drain({ deadlineMs, idleGraceMs }, this.#signal).catch(() => undefined)
    await seat.close({ drain: true, deadlineMs })
    this.tally.engineGone(seat)
    this.#parts.handlers.changed()
    return report ?? { drained: 0, aborted: 0 }
  }

  get #running(): EngineSeat {
    if (this.#seat === undefined || this.#signal?.aborted !== false) {
      throw new ServiceStateError('switch the implementation', 'not running', 'call start() first')
    }
    return this.#seat
  }

  get #isShared(): boolean {
    return this.#parts.settings.sharePort && canSharePorts()
  }

  #openSeat(mode: 'loop' | 'thread'): Promise<EngineSeat> {
    const { settings, intent, handlers } = this.#parts
    return EngineSeat.open({
      settings,
      intent,
      mode,
      mountKey: mode === 'loop' ? this.mountKey : null,
      handlers: {
        calls: handlers.calls,
        answer: handlers.answer,
        authorize: handlers.authorize,
        error: handlers.error,
        counters: (seat, counters) => this.#count(seat, counters),
        state: (seat, state, cause) => this.#onState(seat, state, cause),
      },
    })
  }

  #count(seat: EngineSeat, counters: EngineCounters): void {
    this.#parts.handlers.progress(this.tally.update(seat, counters))
  }

  #onState(seat: EngineSeat, state: LinkState, cause: Error | undefined): void {
    const { crashed, lost, changed } = this.#parts.handlers
    if (state === 'restarting') {
      this.restarts++
      this.tally.engineGone(seat)
      changed()
    }
    if (seat !== this.#seat) return
    if (state === 'restarting') crashed(cause)
    else if (state === 'up') crashed(undefined)
    else lost(cause)
  }
}

/** Fills in how a server goes over to the other implementation. */
export function switchSettings(options: SwitchOptions): Required<SwitchOptions> {
  checkOptionNames(options, { drainMs: true, idleGraceMs: true })
  const { drainMs = DRAIN_MS, idleGraceMs = IDLE_GRACE_MS } = options
  return { drainMs, idleGraceMs }
}
