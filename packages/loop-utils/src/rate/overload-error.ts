import { checkAnswer } from '../observe/predicate-answer.ts'
import { callSafely } from '../observe/stray-error.ts'

/** Codes and names with which a peer, or a guard on this side, says that there is too much at once. */
const OVERLOAD: ReadonlySet<unknown> = new Set([
  'ETIMEDOUT',
  'LOOP_BULKHEAD_FULL',
  'LOOP_QUEUE_OVERFLOW',
  'LOOP_RATE_LIMITED',
  'LOOP_TIMEOUT',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
  'UND_ERR_HEADERS_TIMEOUT',
])

/** 429 Too Many Requests (RFC 6585, 4) and 503 Service Unavailable (RFC 9110, 15.6.4). */
const OVERLOAD_STATUS: ReadonlySet<unknown> = new Set([429, 503])

/**
 * Whether an error says that there is too much at once, so that it helps to ask less often: by its `code` or `name`, its
 * HTTP `status` or `statusCode`, or those of its `cause`.
 */
export function isOverloadError(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < 16 && typeof current === 'object' && current !== null; depth++) {
    const { code, name, status, statusCode, cause } = current as Record<string, unknown>
    if (OVERLOAD.has(code) || OVERLOAD.has(name)) return true
    if (OVERLOAD_STATUS.has(status) || OVERLOAD_STATUS.has(statusCode)) return true
    current = cause
  }
  return false
}

/** What a predicate of the user's says of an error. When it throws, or answers by a promise, that is a warning and no overload. */
export function saysOverload(isOverload: (error: unknown) => boolean, error: unknown): boolean {
  let answer = false
  callSafely('isOverload', () => {
    answer = checkAnswer('isOverload', isOverload(error))
  })
  return answer
}
