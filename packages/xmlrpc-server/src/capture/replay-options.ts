import { systemClock, type Clock } from '@x/loop-utils/clock'
import { checkDuration, checkInteger, checkSignal, OptionError } from '@x/loop-utils/errors'
import type { ReadCaptureOptions } from './read-capture.ts'

/** How a recorded session is played back. */
export interface ReplayOptions extends ReadCaptureOptions {
  /** 1 (default) is the recorded timing, 2 twice as fast; `Infinity` is as fast as the answers come. */
  readonly speed?: number
  /** Most requests under way at once. Default 64. */
  readonly maxConcurrent?: number
  /** How long an answer may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /** Longest answer that is read, in bytes. Default 10 MiB. */
  readonly maxAnswerBytes?: number
  /** How many differing answers are shown in the report; all are counted. Default 20. */
  readonly maxDifferences?: number
  /** Sent with each request, such as an `Authorization`, which is never recorded. */
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the replay; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /** What offsets are waited by. Default: the system's. */
  readonly clock?: Clock
}

/** The options of the replay itself, with their defaults filled in. */
export interface ReplayRules {
  readonly speed: number
  readonly maxConcurrent: number
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly maxDifferences: number
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

/** @throws OptionError */
export function replayRules(options: ReplayOptions): ReplayRules {
  const { speed = 1, clock = systemClock, headers = {} } = options
  if (typeof speed !== 'number' || !(speed > 0)) throw new OptionError('speed', speed, 'a number above 0, or Infinity')
  return {
    speed,
    maxConcurrent: checkInteger('maxConcurrent', options.maxConcurrent ?? 64, { min: 1 }),
    timeoutMs: checkDuration('timeoutMs', options.timeoutMs ?? 30_000, { min: 1 }),
    maxAnswerBytes: checkInteger('maxAnswerBytes', options.maxAnswerBytes ?? 10 * 1024 * 1024, { min: 1 }),
    maxDifferences: checkInteger('maxDifferences', options.maxDifferences ?? 20, { min: 0 }),
    headers: checkHeaders(headers),
    signal: checkSignal('signal', options.signal),
    clock,
  }
}

function checkHeaders(headers: unknown): Readonly<Record<string, string>> {
  const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers)
  if (isObject && Object.values(headers).every((value) => typeof value === 'string')) {
    return headers as Readonly<Record<string, string>>
  }
  throw new OptionError('headers', headers, 'an object of texts by their names')
}
