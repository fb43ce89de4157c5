import { checkCount, checkDuration, checkFunction, checkOneOf } from '@x/loop-utils/errors'
import type { DataPointEvent } from '../homematic/central.ts'
import type { OverflowPolicy } from './callback-queues.ts'

/** Decides whether an event that waits is outdated by a newer one of the same data point. */
export type CoalesceCheck = (event: DataPointEvent) => boolean

/** Options of what happens to callbacks that were acknowledged and wait for their handlers. */
export interface ServerQueueOptions {
  /**
   * Acknowledged callbacks that may wait for the handlers of one interface. A callback counts once for each 4 KiB that
   * it is long. Default 10,000.
   */
  readonly maxWaitingPerInterface?: number
  /** Acknowledged callbacks that may wait in all; as many may be on their way from the engine. Default 20,000. */
  readonly maxWaitingCallbacks?: number
  /**
   * What happens at a bound. `'wait'` (default) delays answers until there is room: nothing is lost. `'drop-oldest'` and
   * `'drop-newest'` delay answers for `overflowAfterMs` and then drop callbacks of the interface, counted in
   * `healthStatus`.
   */
  readonly overflow?: OverflowPolicy
  /** How long an answer is delayed at a bound before callbacks are dropped, unless `overflow` is `'wait'`. Default 1000. */
  readonly overflowAfterMs?: number
  /**
   * Whether an event leaves the queue when a newer one of the same interface, channel and parameter comes, and none of
   * another parameter of that channel and no other callback of the interface came between: so handlers see what was
   * sent, in order, less values that were outdated while they waited. `true` leaves key presses (`PRESS…`) and `CENTRAL`
   * alone; a function decides for itself. Default false.
   */
  readonly coalesce?: boolean | CoalesceCheck
}

/** {@link ServerQueueOptions} with every default filled in. */
export type QueueSettings = Required<ServerQueueOptions>

/** The defaults of {@link ServerQueueOptions}. */
export const QUEUE_DEFAULTS: QueueSettings = {
  maxWaitingPerInterface: 10_000,
  maxWaitingCallbacks: 20_000,
  overflow: 'wait',
  overflowAfterMs: 1000,
  coalesce: false,
}

/** @throws OptionError naming the option that is not usable */
export function checkQueueSettings(settings: QueueSettings): void {
  checkCount('maxWaitingPerInterface', settings.maxWaitingPerInterface, { min: 1 })
  checkCount('maxWaitingCallbacks', settings.maxWaitingCallbacks, { min: 1 })
  checkOneOf('overflow', settings.overflow, ['wait', 'drop-oldest', 'drop-newest'])
  checkDuration('overflowAfterMs', settings.overflowAfterMs)
  const { coalesce } = settings
  if (coalesce !== true && coalesce !== false) checkFunction('coalesce', coalesce)
}
