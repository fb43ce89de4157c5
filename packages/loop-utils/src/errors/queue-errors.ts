import { XError } from './x-error.ts'

/** A lane was written to after one of its ends closed. */
export class LaneClosedError extends XError {
  override readonly name = 'LaneClosedError'
  readonly code = 'LOOP_LANE_CLOSED'
  /** What closed it, as far as this end knows. */
  readonly end: 'writer-closed' | 'reader-closed' | 'writer-died'

  constructor(end: 'writer-closed' | 'reader-closed' | 'writer-died') {
    super(`lane is closed (${end}); open a new one`)
    this.end = end
  }
}

/** Which queue overflowed, and how. */
export interface QueueOverflow {
  /** Names the queue in the message, such as `stream of 'message'`. */
  readonly queue: string
  /** The bound that was met, in items. */
  readonly capacity: number
  /** Items that were lost because of it. Default 1. */
  readonly dropped?: number
}

/** A bounded queue was full and was not told to drop. */
export class QueueOverflowError extends XError {
  override readonly name = 'QueueOverflowError'
  readonly code = 'LOOP_QUEUE_OVERFLOW'
  readonly queue: string
  readonly capacity: number
  readonly dropped: number

  constructor({ queue, capacity, dropped = 1 }: QueueOverflow) {
    super(
      `${queue} is full at ${capacity} items; consume faster, raise its capacity, or choose an overflow policy that drops`,
    )
    this.queue = queue
    this.capacity = capacity
    this.dropped = dropped
  }
}

/** A dispatcher was used after it closed, or closed before the call was answered. */
export class DispatcherClosedError extends XError {
  override readonly name = 'DispatcherClosedError'
  readonly code = 'LOOP_DISPATCHER_CLOSED'
  /** The name that the dispatcher was given, if any. */
  readonly dispatcher: string | undefined

  constructor(dispatcher?: string) {
    super(`dispatcher${dispatcher === undefined ? '' : ` '${dispatcher}'`} is closed; post before close() is called`)
    this.dispatcher = dispatcher
  }
}
