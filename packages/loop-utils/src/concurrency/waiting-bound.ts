import { checkCount } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import type { WaiterQueue } from './waiter-queue.ts'

/** The bound of a queue of those who wait. */
export interface WaitingBound {
  /** How many may wait at once; one more is refused with a QueueOverflowError. Default 65 536. */
  readonly maxWaiting?: number
}

/** @throws OptionError when it is no count */
export function checkMaxWaiting(maxWaiting: number | undefined): number {
  return checkCount('maxWaiting', maxWaiting ?? 65_536, { min: 0 })
}

/** @throws QueueOverflowError when as many wait as may; `what` names the queue */
export function checkRoom(queue: WaiterQueue, maxWaiting: number, what: string): void {
  if (queue.size >= maxWaiting) throw new QueueOverflowError({ queue: what, capacity: maxWaiting })
}
