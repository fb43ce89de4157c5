import { Buffer } from 'node:buffer'
import type { CapturedRequest } from './capture.ts'
import type { HttpAnswer } from './http-call.ts'

/** An answer, as far as a report shows it. */
export interface AnswerExcerpt {
  readonly status: number
  /** How long its body is. */
  readonly bytes: number
  /** The beginning of its body. */
  readonly excerpt: string
}

/** A request whose answer was another than when it was recorded. */
export interface AnswerDifference {
  /** The request's number in the file, counted from 1. */
  readonly request: number
  readonly recorded: AnswerExcerpt
  readonly replayed: AnswerExcerpt
}

/** A request that got no answer. */
export interface ReplayFailure {
  /** The request's number in the file, counted from 1. */
  readonly request: number
  readonly message: string
}

/** What came of a replay. */
export interface ReplayReport {
  /** How many requests were sent. */
  readonly requests: number
  /** How many were answered, with whatever status. */
  readonly answered: number
  /** How many were not. */
  readonly failed: number
  /** How many answers by their status. */
  readonly statuses: Readonly<Record<number, number>>
  /** How many answers were the same as the recorded ones, status and every byte. */
  readonly matching: number
  /** How many were not. */
  readonly differing: number
  /** How many answers had no recorded one to be compared with. */
  readonly uncompared: number
  /** The first of those that differ, at most `maxDifferences`. */
  readonly differences: readonly AnswerDifference[]
  /** The first of those that failed, at most `maxDifferences`. */
  readonly failures: readonly ReplayFailure[]
  /** How long the replay took, in milliseconds. */
  readonly durationMs: number
  /** By how much the latest request was sent after its time, in milliseconds; 0 when there are no times to keep. */
  readonly latestMs: number
}

const EXCERPT = 200

/** Counts and compares answers as they come. */
export class ReplayTally {
  readonly #maxShown: number
  readonly #counts = { requests: 0, answered: 0, failed: 0, matching: 0, differing: 0, uncompared: 0 }
  readonly #statuses: Record<number, number> = {}
  readonly #differences: AnswerDifference[] = []
  readonly #failures: ReplayFailure[] = []
  #latestMs = 0

  constructor(maxShown: number) {
    this.#maxShown = maxShown
  }

  sent(lateMs: number): void {
    this.#counts.requests++
    this.#latestMs = Math.max(this.#latestMs, lateMs)
  }

  answered({ number, answer }: CapturedRequest, { status, body }: HttpAnswer): void {
    this.#counts.answered++
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (answer === undefined) this.#counts.uncompared++
    else if (answer.status === status && body.equals(answer.body)) this.#counts.matching++
    else {
      this.#counts.differing++
      if (this.#differences.length >= this.#maxShown) return
      const recorded = excerptOf(answer.status, answer.body)
      this.#differences.push({ request: number, recorded, replayed: excerptOf(status, body) })
    }
  }

  failed({ number }: CapturedRequest, error: unknown): void {
    this.#counts.failed++
    if (this.#failures.length >= this.#maxShown) return
    this.#failures.push({ request: number, message: error instanceof Error ? error.message : String(error) })
  }

  report(durationMs: number): ReplayReport {
    return {
      ...this.#counts,
      statuses: this.#statuses,
      differences: this.#differences,
      failures: this.#failures,
      durationMs,
      latestMs: this.#latestMs,
    }
  }
}

function excerptOf(status: number, body: Uint8Array): AnswerExcerpt {
  return { status, bytes: body.byteLength, excerpt: Buffer.from(body.subarray(0, EXCERPT)).toString('utf8') }
}
