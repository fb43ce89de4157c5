import type { EngineLink, LinkCloseReport, LinkState } from '@x/loop-utils/channel'
import { logAt, thresholdOf } from '@x/loop-utils/log'
import { type AcknowledgedCall, type CallCells, readCallCells } from '../engine/call-cells.ts'
import type {
  BoundAddress,
  CallOutcome,
  CrossingCall,
  DrainReport,
  DrainRequest,
  EngineCounters,
  GivenCredentials,
  ListenRequest,
  XmlRpcEngineContract,
} from '../engine/contract.ts'
import { xmlRpcEngine } from '../engine/xmlrpc-engine.ts'
import type { EngineIntent } from './engine-intent.ts'
import { type Placement, placementOf } from './engine-placement.ts'
import { engineOptions, type ServerSettings } from './server-options.ts'

/** What the engine in a seat brings about. */
export interface SeatHandlers {
  readonly calls: (calls: readonly AcknowledgedCall[]) => void
  readonly counters: (seat: EngineSeat, counters: EngineCounters) => void
  readonly answer: (call: CrossingCall) => Promise<CallOutcome>
  readonly authorize: (given: GivenCredentials) => Promise<boolean>
  readonly state: (seat: EngineSeat, state: LinkState, cause: Error | undefined) => void
  readonly error: (error: unknown) => void
}

/** What a seat is made of. */
export interface SeatParts {
  readonly settings: ServerSettings
  readonly mode: 'loop' | 'thread'
  readonly mountKey: string | null
  readonly intent: EngineIntent
  readonly handlers: SeatHandlers
}

/** The engine is told what was taken in steps of this share of what may be on its way. */
const STEPS = 8

/** One placed engine, in all its lives, from its placing to its end. */
export class EngineSeat {
  readonly mode: 'loop' | 'thread'
  readonly #parts: SeatParts
  readonly #placement: Placement
  readonly #step: number
  #link: EngineLink<XmlRpcEngineContract> | undefined
  #listening: ListenRequest | undefined
  /** Calls that wait for an engine before this one to be emptied. */
  #staged: AcknowledgedCall[] | undefined
  #taken = 0
  #told = 0

  private constructor(parts: SeatParts) {
    this.#parts = parts
    this.mode = parts.mode
    this.#placement = placementOf(parts.settings, parts.mode)
    this.#step = Math.max(1, Math.floor(parts.settings.maxWaitingCallbacks / STEPS))
  }

  /** Places an engine and tells it what it has to know. It does not listen yet. */
  static async open(parts: SeatParts): Promise<EngineSeat> {
    const seat = new EngineSeat(parts)
    try {
      await seat.#place()
      return seat
    } catch (error) {
      await seat.close({ drain: false, deadlineMs: 0 })
      throw error
    }
  }

  /** The link, while the engine behind it works. */
  get link(): EngineLink<XmlRpcEngineContract> | undefined {
    return this.#link?.state === 'up' ? this.#link : undefined
  }

  /** Binds; an engine that takes this one's place after a crash binds the same port again. */
  async listen(request: ListenRequest): Promise<BoundAddress> {
    const address = await this.#placed.call('listen', request)
    this.#listening = { ...request, host: address.host, port: address.port, isFirst: true }
    return address
  }

  /** Frees the port; open connections stay. Tells when, on the clock that all threads share. */
  unlisten(): Promise<number> {
    // set before: an engine that crashes meanwhile must not bind it again
    this.#listening = undefined
    return this.#placed.call('unlisten', null)
  }

  drain(request: DrainRequest, signal?: AbortSignal): Promise<DrainReport> {
    return this.#placed.call('drain', request, signal === undefined ? {} : { signal })
  }

  /** Holds what was acknowledged back from the handlers until {@link unstage}; answers go on. */
  stage(): void {
    this.#staged ??= []
  }

  unstage(): void {
    const staged = this.#staged
    this.#staged = undefined
    if (staged !== undefined && staged.length > 0) this.#take(staged)
  }

  /** Closes the link and, if it is the seat's own, the host. */
  async close(options: { readonly drain: boolean; readonly deadlineMs: number }): Promise<LinkCloseReport | undefined> {
    const report = await this.#link?.close(options)
    if (this.#placement.isOwn) await this.#placement.host.close()
    return report
  }

  async #place(): Promise<void> {
    const { handlers, intent, settings, mountKey } = this.#parts
    const { logger } = settings
    this.#link = await this.#placement.host.place(xmlRpcEngine, engineOptions(settings, mountKey), {
      events: {
        acknowledged: (cells) => this.#receive(cells),
        counters: (counters) => handlers.counters(this, counters),
      },
      questions: { call: handlers.answer, authorize: handlers.authorize },
      observe: { logLevel: thresholdOf(logger) },
      replay: (link) => this.#replay(link),
      onState: (state, cause) => handlers.state(this, state, cause),
      onError: handlers.error,
      onLog: (level, fields, message) => logAt(logger, level, { fields, message }),
    })
    await intent.equip(this.#link, this)
  }

  async #replay(link: EngineLink<XmlRpcEngineContract>): Promise<void> {
    this.#taken = 0
    this.#told = 0
    await this.#parts.intent.equip(link, this)
    if (this.#listening !== undefined) await link.call('listen', this.#listening)
  }

  #receive(cells: CallCells): void {
    const calls = readCallCells(cells)
    if (this.#staged === undefined) this.#take(calls)
    else this.#staged.push(...calls)
  }

  #take(calls: readonly AcknowledgedCall[]): void {
    for (const { weight = 1 } of calls) this.#taken += weight
    this.#parts.handlers.calls(calls)
    if (this.#taken - this.#told >= this.#step) this.#tellTaken()
  }

  #tellTaken(): void {
    this.#told = this.#taken
    // it fails when the engine is gone, and the next one counts anew
    this.link?.call('taken', { weight: this.#taken }).catch(() => undefined)
  }

  /** The link, which is there once the seat is open. */
  get #placed(): EngineLink<XmlRpcEngineContract> {
    return this.#link as EngineLink<XmlRpcEngineContract>
  }
}
