/** What engines have counted that a server had besides the one that is told of it: earlier ones, and one that leaves. */
export interface OtherCounts {
  readonly requests: number
  readonly errors: number
  readonly denied: number
  readonly delayed: number
  readonly connections: number
  /** Wall-clock milliseconds of the last request of any engine, or null before the first. */
  readonly lastRequestAt: number | null
}

/** What became of callbacks after they were acknowledged, and how many wait for their handlers. */
export interface CallbackCounts {
  readonly waiting: number
  readonly dropped: number
  readonly coalesced: number
  readonly failed: number
  /** Those that named an interface that no central has. */
  readonly unknown: number
}

/** What the facade lets an engine tell of the server in `GET /health` and `GET /metrics`. */
export interface ServerNotice {
  readonly centralNames: readonly string[]
  /** Why the server is degraded; null when it is not. */
  readonly restriction: string | null
  readonly mode: 'loop' | 'thread'
  readonly breaker: 'closed' | 'open' | 'half-open' | 'disabled'
  readonly restarts: number
  readonly switches: number
  readonly callbacks: CallbackCounts
  readonly others: OtherCounts
}

/** What an engine knows of its server before it is told anything. */
export const NO_NOTICE: ServerNotice = {
  centralNames: [],
  restriction: null,
  mode: 'loop',
  breaker: 'disabled',
  restarts: 0,
  switches: 0,
  callbacks: { waiting: 0, dropped: 0, coalesced: 0, failed: 0, unknown: 0 },
  others: { requests: 0, errors: 0, denied: 0, delayed: 0, connections: 0, lastRequestAt: null },
}
