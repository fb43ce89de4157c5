import { TestkitError } from '../errors.ts'
import type { ProblemView } from './wire.ts'

/** The control API refused a request; nothing has changed. */
export class ControlRefusedError extends TestkitError {
  override readonly name = 'ControlRefusedError'
  readonly code = 'TESTKIT_CONTROL_REFUSED'
  /** The HTTP status. */
  readonly status: number
  /** The code that the server gave, such as `FAKE_UNKNOWN_DEVICE`. */
  readonly reason: string
  /** The part of the request that is meant. */
  readonly path: string

  constructor(status: number, { error }: ProblemView) {
    super(
      `the control API refused (${status} ${error.code}${error.path === '' ? '' : ` at ${error.path}`}): ${error.message}`,
    )
    this.status = status
    this.reason = error.code
    this.path = error.path
  }
}

/** The control API cannot be reached, or the connection broke. */
export class ControlUnreachableError extends TestkitError {
  override readonly name = 'ControlUnreachableError'
  readonly code = 'TESTKIT_CONTROL_UNREACHABLE'
  readonly url: string

  constructor(url: string, cause: unknown) {
    super(`${url} cannot be reached: ${reason(cause)}; is the fake-device server running?`, { cause })
    this.url = url
  }
}

/** What answered is not the control API, or another version of it. */
export class ControlAnswerError extends TestkitError {
  override readonly name = 'ControlAnswerError'
  readonly code = 'TESTKIT_CONTROL_ANSWER'
  readonly url: string
  readonly status: number

  constructor(problem: string, answer: { readonly url: string; readonly status: number }) {
    super(
      `${answer.url} answered with status ${answer.status} and ${problem}; does the URL belong to a fake-device server?`,
    )
    this.url = answer.url
    this.status = answer.status
  }
}

/** A failed fetch hides what happened in its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
