import type { CallOptions, LinkCloseReport, LinkState, LinkStats, ObserveOptions } from '../channel/contract.ts'
import type { EventTable } from '../channel/engine-stream.ts'
import type { ErasedDefinition, ErasedHandlers } from '../channel/erased.ts'
import { HandlerGuard } from '../channel/handler-guard.ts'
import { LinkCounters } from '../channel/link-counters.ts'
import { LinkClosedError, linkRevival } from '../channel/link-errors.ts'
import { type LinkLimits, linkLimits } from '../channel/link-limits.ts'
import { describeThrown } from '../errors/describe-thrown.ts'
import { checkDuration } from '../errors/option-checks.ts'
import { WorkerCrashedError } from '../errors/worker-crashed-error.ts'
import { LOG_LEVELS } from '../log/log-level.ts'
import { EngineLife, type Retirement } from './engine-life.ts'
import type { ErasedLink } from './erased-link.ts'
import { HeldCalls } from './held-calls.ts'
import type { ObserveLevels, Placer } from './placer.ts'
import { ReplayLink } from './replay-link.ts'
import { RestartBudget, type RestartPolicy } from './restart-policy.ts'
import { settlesWithin } from './settles-within.ts'

/** How an engine that could not be brought back is disposed of. */
const FAILED_ENGINE: Retirement = { drain: true, deadlineMs: 1000 }

/** What a link is made of. */
export interface HostLinkParts {
  readonly placer: Placer
  readonly restart: RestartPolicy
  readonly definition: ErasedDefinition & Pick<EventTable, 'delivery'>
  readonly options: unknown
  readonly handlers: ErasedHandlers & { readonly replay?: (link: ErasedLink) => void | Promise<void> }
  /** Called once, when the link has closed. */
  readonly onClosed: (link: HostLink) => void
}

/** The facade's hold on an engine through all of its lives. */
export class HostLink implements ErasedLink {
  readonly #parts: HostLinkParts
  readonly #events: EventTable
  readonly #limits: LinkLimits
  readonly #counters = new LinkCounters()
  readonly #guard: HandlerGuard
  readonly #held: HeldCalls
  readonly #budget: RestartBudget
  readonly #stop = new AbortController()
  #life: EngineLife | undefined
  #state: LinkState = 'restarting'
  #observed: ObserveLevels
  #isPaused = false
  #opening: Promise<void> = Promise.resolve()
  #recovery: Promise<void> = Promise.resolve()
  #closing: Promise<LinkCloseReport> | undefined

  constructor(parts: HostLinkParts) {
    this.#parts = parts
    const { definition, handlers, placer, restart } = parts
    const { delivery, name } = definition
    this.#events = { engine: name, names: Object.keys(delivery), delivery }
    this.#guard = new HandlerGuard(handlers, this.#counters)
    this.#limits = linkLimits({ ...definition.link, ...placer.link })
    this.#held = new HeldCalls(name, this.#limits.maxPending, placer.clock)
    this.#budget = new RestartBudget(restart, placer.random)
    this.#observed = merge({ logLevel: LOG_LEVELS.length, diagnostics: false }, handlers.observe ?? {})
  }

  get state(): LinkState {
    return this.#state
  }

  get stats(): LinkStats {
    const { delivered, dropped, handlerErrors, restarts } = this.#counters
    const end = this.#life?.end
    return {
      delivered,
      dropped,
      handlerErrors,
      restarts,
      pendingCalls: this.#held.size + (end?.pendingCalls ?? 0),
      depth: end === undefined || end.isOver ? 0 : end.depth,
    }
  }

  /** Places the first engine. A crash until it is made rejects, and no restart follows. */
  async start(): Promise<void> {
    try {
      const life = await this.#open()
      await life.end.started
      this.#state = 'up'
      if (life.end.crashedBy !== undefined) this.#startRecovery(life)
    } catch (error) {
      await this.close({ drain: false })
      throw error
    }
  }

  call(command: string, input: unknown, options?: CallOptions): Promise<unknown> {
    const end = this.#life?.end
    const isUp = this.#state === 'up' && end?.crashedBy === undefined && this.#closing === undefined
    return isUp && end !== undefined ? end.call(command, input, options) : this.#held.hold(command, input, options)
  }

  pause(): void {
    if (this.#closing !== undefined) return
    this.#isPaused = true
    this.#life?.end.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#life?.end.resume()
  }

  observe(wanted: ObserveOptions): void {
    this.#observed = merge(this.#observed, wanted)
    this.#life?.end.observe(this.#observed.logLevel, this.#observed.diagnostics)
  }

  close(options: { readonly drain?: boolean; readonly deadlineMs?: number } = {}): Promise<LinkCloseReport> {
    const { deadlineMs = 5000, drain = true } = options
    checkDuration('deadlineMs', deadlineMs)
    this.#closing ??= this.#close({ drain, deadlineMs })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #open(): Promise<EngineLife> {
    const opening = this.#openLife()
    this.#opening = opening.then(
      () => undefined,
      () => undefined, // whoever opens gets the rejection
    )
    return opening
  }

  async #openLife(): Promise<EngineLife> {
    const { definition, handlers, options, placer } = this.#parts
    const observed = this.#observed
    const life = await EngineLife.open({
      placer,
      request: { definition, options, events: this.#events, limits: this.#limits, observe: observed },
      events: this.#events,
      handlers,
      guard: this.#guard,
      counters: this.#counters,
      revival: linkRevival(definition.errors),
      onCrash: (crashed) => {
        if (crashed === this.#life && this.#state === 'up') this.#startRecovery(crashed)
      },
    })
    if (this.#closing !== undefined) {
      await life.retire(FAILED_ENGINE)
      throw new LinkClosedError(definition.name)
    }
    this.#life = life
    if (this.#isPaused) life.end.pause()
    if (this.#observed !== observed) this.observe({})
    return life
  }

  #startRecovery(crashed: EngineLife): void {
    if (this.#closing === undefined) this.#recovery = this.#recover(crashed)
  }

  async #recover(crashed: EngineLife): Promise<void> {
    const { clock } = this.#parts.placer
    const { signal } = this.#stop
    let cause = crashed.end.crashedBy
    this.#state = 'restarting'
    await crashed.end.ended // what was committed is delivered before anything newer
    await crashed.retire(FAILED_ENGINE)
    while (cause !== undefined && !signal.aborted) {
      const delayMs = this.#budget.next(clock.now())
      if (delayMs === undefined) {
        this.#goDown(cause)
        return
      }
      this.#tell('restarting', cause)
      await clock.sleep(delayMs, signal).catch(() => undefined) // closing ends the loop
      if (!signal.aborted) cause = await this.#revive()
    }
  }

  /** Returns why it failed, if it did. */
  async #revive(): Promise<Error | undefined> {
    let life: EngineLife | undefined
    try {
      life = await this.#open()
      await life.end.started
      this.#counters.restarts++
      await this.#parts.handlers.replay?.(new ReplayLink(this, life.end))
      if (life.end.crashedBy !== undefined) throw life.end.crashedBy
      this.#goUp(life)
      return undefined
    } catch (error) {
      await life?.retire(FAILED_ENGINE)
      return error instanceof Error ? error : new Error(`replay failed with ${describeThrown(error)}`)
    }
  }

  #goUp({ end }: EngineLife): void {
    if (this.#closing !== undefined) return
    this.#held.release((command, input, options) => end.call(command, input, options))
    this.#tell('up')
  }

  #goDown(cause: Error): void {
    const exitCode = cause instanceof WorkerCrashedError ? cause.exitCode : 0
    this.#held.close(new WorkerCrashedError({ exitCode, maybeExecuted: false, cause }))
    this.#tell('down', cause)
  }

  #tell(state: LinkState, cause?: Error): void {
    this.#state = state
    this.#guard.run(() => this.#parts.handlers.onState?.(state, cause))
  }

  async #close({ deadlineMs, drain }: Retirement): Promise<LinkCloseReport> {
    const { definition, onClosed, placer } = this.#parts
    const deadline = placer.clock.now() + deadlineMs
    const deliveredBefore = this.#counters.delivered
    this.#stop.abort(new LinkClosedError(definition.name))
    const rejectedHeld = this.#held.close(new LinkClosedError(definition.name))
    const life = this.#life
    const outcome = await life?.retire({ drain, deadlineMs })
    const rest = Promise.all([this.#opening, this.#recovery])
    await settlesWithin(rest, Math.max(0, deadline - placer.clock.now()), placer.clock)
    this.#state = 'down'
    onClosed(this)
    return {
      delivered: this.#counters.delivered - deliveredBefore,
      discarded: life?.end.discarded ?? {},
      rejectedCalls: rejectedHeld + (outcome?.rejectedCalls ?? 0),
      isDisposed: outcome?.isDisposed ?? true,
    }
  }
}

function merge(known: ObserveLevels, wanted: ObserveOptions): ObserveLevels {
  const { diagnostics = known.diagnostics, logLevel } = wanted
  if (logLevel === undefined) return { logLevel: known.logLevel, diagnostics }
  return { logLevel: logLevel === 'silent' ? LOG_LEVELS.length : LOG_LEVELS.indexOf(logLevel), diagnostics }
}
