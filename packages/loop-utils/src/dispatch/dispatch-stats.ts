/** Items that were accepted or offered and never delivered, by reason. */
export interface DroppedCounts {
  /** Refused at the time of offering, because there was no room. */
  readonly newest: number
  /** Accepted, and given up for a newer one. */
  readonly oldest: number
  /** Refused with a QueueOverflowError. */
  readonly overflow: number
  /** Held something that cannot cross a thread. */
  readonly refused: number
  /** Named no handler. */
  readonly unknown: number
  /** Accepted and not delivered when the dispatcher closed or their thread died. */
  readonly discarded: number
}

/** What a dispatcher has done since it was made. */
export interface DispatchStats {
  /** Items taken over: those delivered, waiting, coalesced, discarded, and dropped as oldest. */
  readonly accepted: number
  /** Handlers and functions run. */
  readonly delivered: number
  readonly dropped: DroppedCounts
  /** Events whose place a newer one took. */
  readonly coalesced: number
  /** Handlers and functions that threw or rejected, other than in a call. */
  readonly errors: number
  /** Items that wait now. */
  readonly depth: number
  /** The greatest depth seen; of posters it is sampled. */
  readonly maxDepth: number
  /** The longest slice of this loop so far, in milliseconds; the loop's lanes share it. */
  readonly maxSliceMs: number
  /** The time that 99 % of sampled items waited at most, in milliseconds. */
  readonly queueAgeP99Ms: number
  /** Posters that are connected. */
  readonly posters: number
  /** Calls that run at the moment. */
  readonly runningCalls: number
}

/** Counters of one source of items, in the form in which they can be added up. */
export interface SourceCounts {
  delivered: number
  coalesced: number
  newest: number
  oldest: number
  overflow: number
  refused: number
  unknown: number
  discarded: number
}

export function noCounts(): SourceCounts {
  return { delivered: 0, coalesced: 0, newest: 0, oldest: 0, overflow: 0, refused: 0, unknown: 0, discarded: 0 }
}

export function addCounts(total: SourceCounts, part: Readonly<SourceCounts>): void {
  for (const name of Object.keys(total) as (keyof SourceCounts)[]) total[name] += part[name]
}
