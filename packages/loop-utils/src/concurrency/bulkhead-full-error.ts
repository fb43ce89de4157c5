import { XError } from '../errors/x-error.ts'

/** Why a bulkhead refused a call, and how busy it was. */
export interface BulkheadRefusal {
  readonly bulkhead: string
  readonly running: number
  readonly waiting: number
  /** How long the call had waited, in milliseconds; 0 when there was no room to wait. */
  readonly waitedMs: number
}

/** A bulkhead had no free slot, and no room in its queue or none in time. The function was not called. */
export class BulkheadFullError extends XError {
  override readonly name = 'BulkheadFullError'
  readonly code = 'LOOP_BULKHEAD_FULL'
  readonly bulkhead: string
  readonly running: number
  readonly waiting: number
  /** How long the call had waited, in milliseconds; 0 when there was no room to wait. */
  readonly waitedMs: number

  constructor({ bulkhead, running, waiting, waitedMs }: BulkheadRefusal) {
    const busy = `${running} running and ${waiting} waiting`
    super(
      waitedMs > 0
        ? `${bulkhead} had no free slot within ${waitedMs} ms (${busy}); call less often or raise maxWaitMs`
        : `${bulkhead} is full (${busy}); call less often, or raise concurrent or queue`,
    )
    this.bulkhead = bulkhead
    this.running = running
    this.waiting = waiting
    this.waitedMs = waitedMs
  }
}
