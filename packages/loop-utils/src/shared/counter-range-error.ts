import { XError } from '../errors/x-error.ts'

/** A counter would have left the range of safe integers; it was not changed. */
export class CounterRangeError extends XError {
  override readonly name = 'CounterRangeError'
  readonly code = 'LOOP_COUNTER_RANGE'
  /** The name of the counter. */
  readonly counter: string
  /** What was to be added. */
  readonly delta: number

  constructor(counter: string, delta: number) {
    super(`${counter} cannot take ${delta} more: the result is no safe integer; reset it before it grows so far`)
    this.counter = counter
    this.delta = delta
  }
}
