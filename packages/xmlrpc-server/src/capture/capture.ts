/** What a callback server answered while it was recorded. */
export interface CapturedAnswer {
  /** Milliseconds since the recording began. */
  readonly atMs: number
  readonly status: number
  readonly body: Uint8Array
}

/** A recorded request, as its bytes came. */
export interface CapturedRequest {
  /** Its number, counted from 1. */
  readonly number: number
  /** Milliseconds since the recording began, by a monotonic clock. */
  readonly atMs: number
  /** With its query, if it had one. */
  readonly path: string
  /** Content type, content encoding and user agent, as far as there were such. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Undefined when there was none before the recording ended. */
  readonly answer: CapturedAnswer | undefined
}

/** A recorded session. */
export interface Capture {
  /** ISO 8601, by the wall clock of the machine that recorded. */
  readonly startedAt: string
  /** In the order in which they came. */
  readonly requests: readonly CapturedRequest[]
  /** Whether the recording was stopped in order; otherwise its last requests may be missing. */
  readonly isComplete: boolean
  /** How many requests were not recorded for want of room; 0 when not complete. */
  readonly dropped: number
}
