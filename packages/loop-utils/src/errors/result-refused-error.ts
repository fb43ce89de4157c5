import { XError } from './x-error.ts'

/** An attempt returned a value that `retryIfResult` did not accept. Stands among the errors of a RetryExhaustedError. */
export class ResultRefusedError extends XError {
  override readonly name = 'ResultRefusedError'
  readonly code = 'LOOP_RESULT_REFUSED'
  /** The value that was returned. */
  readonly result: unknown
  /** From 1. */
  readonly attempt: number

  constructor(result: unknown, attempt: number) {
    super(`attempt ${attempt} returned a result that retryIfResult asked to retry`)
    this.result = result
    this.attempt = attempt
  }
}
