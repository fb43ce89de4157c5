import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { ErrorRevival } from '../errors/error-revival.ts'
import type { LogThreshold } from '../log/log-level.ts'
import type { LogLevel } from '../log/logger.ts'
import type { LinkOptions } from './link-limits.ts'

/**
 * `T` itself when every part of it may cross a thread unchanged, else `never` at the offending part: JSON-like data,
 * `bigint`, `Date`, exact-length `Uint8Array`, `KeyObject`. Functions, class instances with methods, symbols, maps,
 * sets, signals and errors are refused. What is `unknown` is left to the check at run time.
 */
export type Plain<T> = unknown extends T
  ? T
  : T extends string | number | bigint | boolean | null | undefined | void | Date | Uint8Array | KeyObject
    ? T
    : T extends ((...args: never[]) => unknown) | symbol | Error | AbortSignal | Map<unknown, unknown> | Set<unknown>
      ? never
      : T extends object
        ? { [K in keyof T]: Plain<T[K]> }
        : never

/**
 * What passes between the facade and the engine of one I/O service. A service declares an interface of this shape;
 * every input, output and payload is a {@link Plain} value.
 *
 * - `commands`: the facade calls, the engine answers;
 * - `events`: the engine tells;
 * - `questions`: the engine asks, the facade answers.
 */
export interface EngineContract {
  commands: { [name: string]: (input: never) => unknown }
  events: { [name: string]: unknown }
  questions: { [name: string]: (input: never) => unknown }
}

export type CommandName<C extends EngineContract> = keyof C['commands'] & string
export type EventName<C extends EngineContract> = keyof C['events'] & string
export type QuestionName<C extends EngineContract> = keyof C['questions'] & string
export type Input<F> = F extends (input: infer I) => unknown ? I : never
export type Output<F> = F extends (input: never) => infer O ? Awaited<O> : never

/**
 * How an event type meets a slow owner: `lossless` (at the high-water mark `emit` returns false and the engine stops
 * reading its socket), `latest` (a newer one replaces an undelivered one of the same key), `lossy` (dropped and counted).
 */
export type DeliveryClass = 'lossless' | 'latest' | 'lossy'

/** What an engine gets from its host. */
export interface EngineContext<C extends EngineContract> {
  /**
   * Appends an event to the ordered stream; it is never delivered inline. Returns false at the high-water mark: a
   * lossless event was accepted, and the engine should stop reading until {@link writable}; a lossy one was dropped.
   * The engine never touches `data` afterwards.
   */
  emit<E extends EventName<C>>(event: E, data: C['events'][E], options?: EmitOptions): boolean

  /** Resolves once the stream takes more. */
  writable(signal?: AbortSignal): Promise<void>

  /** Whether the stream is below its high-water mark. */
  readonly isWritable: boolean

  /**
   * Puts everything emitted so far into the stream for good, synchronously: an engine acknowledges to its peer only
   * after this, so that nothing acknowledged is lost when its thread dies.
   */
  commit(): void

  /** Asks the facade. The abort of `signal`, `timeoutMs` and the facade's end all settle it with a typed error. */
  ask<Q extends QuestionName<C>>(
    question: Q,
    input: Input<C['questions'][Q]>,
    options?: AskOptions,
  ): Promise<Output<C['questions'][Q]>>

  /** Sends a log line; free unless the facade's logger admits the level. */
  log(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void

  /** Publishes a diagnostic through the facade; free unless somebody listens. */
  diagnose(name: string, data: Readonly<Record<string, unknown>>): void
  readonly isObserved: boolean

  readonly clock: Clock
  readonly random: Random
  /** Aborted when the engine is to go. */
  readonly signal: AbortSignal
}

export interface AskOptions {
  /** Its abort settles the question at once with `signal.reason`; the facade's handler is told to give up. */
  readonly signal?: AbortSignal
  /** Default: none. Rejects with TimeoutError. */
  readonly timeoutMs?: number
}

export interface EmitOptions {
  /** For `latest` events: what a newer one replaces. Default: the event's name. */
  readonly key?: string
  /** Buffers to move instead of copying; one that cannot be moved is copied. */
  readonly transfer?: readonly ArrayBuffer[]
}

export interface CommandContext {
  /** Aborted when the caller gave up; its reason is the channel's own, the facade keeps the caller's. */
  readonly signal: AbortSignal
  /** What was left of the caller's deadline when the command arrived, in milliseconds. */
  readonly remainingMs: number | undefined
}

/** The I/O side of one service: sockets, wire timers, parsing. It holds no user code. */
export interface Engine<C extends EngineContract> {
  readonly commands: {
    readonly [K in CommandName<C>]: (
      input: Input<C['commands'][K]>,
      context: CommandContext,
    ) => Output<C['commands'][K]> | Promise<Output<C['commands'][K]>>
  }
  /** Releases every socket, timer and child. Called once; what it emits is still delivered when the stop drains. */
  dispose(): void | Promise<void>
}

/** Names an engine type and makes its instances, on whichever loop it is placed. */
export interface EngineDefinition<C extends EngineContract, O> {
  readonly name: string
  readonly delivery: { readonly [E in EventName<C>]: DeliveryClass }
  /** Revives the package's own errors, in both directions. Those of `LOOP_*` are always known. */
  readonly errors?: ErrorRevival
  /**
   * Bounds that suit this engine, used where the host's options leave them out. They count items: an engine whose events
   * are large batches wants a low high-water mark.
   */
  readonly link?: LinkOptions
  /** Makes an instance. What it throws rejects the placing; what it emits is delivered before the placing resolves. */
  create(context: EngineContext<C>, options: Plain<O>): Engine<C>
}

/** Any engine definition, as a list of them holds it. */
export interface AnyEngineDefinition {
  readonly name: string
  readonly delivery: Readonly<Record<string, DeliveryClass>>
  readonly errors?: ErrorRevival
  create(context: never, options: never): { readonly commands: object; dispose(): void | Promise<void> }
}

/** What the facade wants to be told beside events. */
export interface ObserveOptions {
  /** The lowest level of log lines that the engine sends. Default `'silent'`. */
  readonly logLevel?: LogThreshold
  /** Whether the engine sends diagnostics. Default false. */
  readonly diagnostics?: boolean
}

/** The state of the engine behind a link. A host restarts a crashed engine by its policy. */
export type LinkState = 'up' | 'restarting' | 'down'

/** What the facade gives when it places an engine. All of it runs on the owner's loop, in stream order. */
export interface FacadeHandlers<C extends EngineContract> {
  readonly events: { readonly [E in EventName<C>]: (data: C['events'][E]) => void }
  readonly questions: {
    readonly [Q in QuestionName<C>]: (
      input: Input<C['questions'][Q]>,
      context: { readonly signal: AbortSignal },
    ) => Output<C['questions'][Q]> | Promise<Output<C['questions'][Q]>>
  }
  /** What is wanted from the engine's first moment on; {@link EngineLink.observe} changes it. */
  readonly observe?: ObserveOptions
  /**
   * Gives a fresh engine the facade's intent after a crash (commands that bring it where it was). Runs before the link
   * is `up` again; a rejection counts as a crash.
   */
  readonly replay?: (link: EngineLink<C>) => void | Promise<void>
  readonly onState?: (state: LinkState, cause?: Error) => void
  /** A handler threw, or the stream broke its contract. */
  readonly onError?: (error: unknown) => void
  readonly onLog?: (level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string) => void
  readonly onDiagnostic?: (name: string, data: Readonly<Record<string, unknown>>) => void
}

export interface CallOptions {
  /** Its abort settles the call at once with `signal.reason`; the engine is told to cancel. */
  readonly signal?: AbortSignal
  /** Default: none. Rejects with TimeoutError. Crosses as remaining time. */
  readonly timeoutMs?: number
  readonly transfer?: readonly ArrayBuffer[]
}

export interface LinkCloseReport {
  /** Events that were accepted and delivered while closing. */
  readonly delivered: number
  /** Events that were accepted and not delivered, by event name. */
  readonly discarded: Readonly<Record<string, number>>
  /** Calls that were pending and were rejected. */
  readonly rejectedCalls: number
  /** Whether the engine disposed of everything in time, without an error. */
  readonly isDisposed: boolean
}

/** What has passed over a link since it was placed, restarts included. */
export interface LinkStats {
  /** Events that were given to their handlers. */
  readonly delivered: number
  /** Lossy events, log lines and diagnostics that met a full stream, by event name or `'(observations)'`. */
  readonly dropped: Readonly<Record<string, number>>
  /** Handlers that threw or rejected. */
  readonly handlerErrors: number
  /** Calls that wait for an answer. */
  readonly pendingCalls: number
  /** Items known to be in the stream and not yet delivered. */
  readonly depth: number
  /** How often the engine was made anew after a crash. */
  readonly restarts: number
}

/** The facade's hold on its engine. */
export interface EngineLink<C extends EngineContract> extends AsyncDisposable {
  readonly state: LinkState
  readonly stats: LinkStats
  /** Runs a command; settles after everything that the engine emitted before its answer was delivered. */
  call<K extends CommandName<C>>(
    command: K,
    input: Input<C['commands'][K]>,
    options?: CallOptions,
  ): Promise<Output<C['commands'][K]>>
  /** Holds delivery of events back (an exclusive stream is full); the engine meets its high-water mark in time. */
  pause(): void
  resume(): void
  /** Tells the engine whether logs from `logLevel` on, and diagnostics, are wanted. What is left out stays as it is. */
  observe(wanted: ObserveOptions): void
  /**
   * Disposes the engine and ends the stream. Handlers may run until the promise settles, never after.
   * `drain` (default true) delivers accepted events first, for at most `deadlineMs` (default 5000).
   */
  close(options?: { readonly drain?: boolean; readonly deadlineMs?: number }): Promise<LinkCloseReport>
}

/** Where engines run: the owner's loop or worker threads, with the same observable behaviour. */
export interface EngineHost extends AsyncDisposable {
  readonly mode: 'loop' | 'thread'
  place<C extends EngineContract, O>(
    definition: EngineDefinition<C, O>,
    options: Plain<O>,
    handlers: FacadeHandlers<C>,
  ): Promise<EngineLink<C>>
  close(): Promise<void>
}
