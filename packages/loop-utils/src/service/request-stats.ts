/** How much somebody serves, and how well. Times are wall-clock milliseconds since 1970. */
export interface RequestStats {
  /** Requests that have ended, well or not. */
  readonly requests: number
  /** Requests that failed. */
  readonly errors: number
  /** `errors / requests`, and 0 before the first request. */
  readonly errorRate: number
  /** When the last request ended. */
  readonly lastAt: number | undefined
  /** When the last one that failed did. */
  readonly lastErrorAt: number | undefined
}

/** The figures of several together, such as of the engines of a server, or of what is gone and what came in its place. */
export function sumRequestStats(parts: Iterable<RequestStats>): RequestStats {
  let [requests, errors] = [0, 0]
  let [lastAt, lastErrorAt] = [-Infinity, -Infinity]
  for (const part of parts) {
    requests += part.requests
    errors += part.errors
    lastAt = Math.max(lastAt, part.lastAt ?? -Infinity)
    lastErrorAt = Math.max(lastErrorAt, part.lastErrorAt ?? -Infinity)
  }
  return {
    requests,
    errors,
    errorRate: errorRate(errors, requests),
    lastAt: lastAt === -Infinity ? undefined : lastAt,
    lastErrorAt: lastErrorAt === -Infinity ? undefined : lastErrorAt,
  }
}

/** Errors by request, 0 before the first. */
export function errorRate(errors: number, requests: number): number {
  return requests === 0 ? 0 : errors / requests
}
