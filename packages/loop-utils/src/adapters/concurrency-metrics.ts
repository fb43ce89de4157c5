import type { AsyncChannelStats } from '../concurrency/async-channel.ts'
import type { HandshakeStats } from '../concurrency/handshake-limiter.ts'
import type { KeyedSemaphoreStats } from '../concurrency/keyed-semaphore.ts'
import type { RwLockStats } from '../concurrency/rw-lock.ts'
import type { SemaphoreStats } from '../concurrency/semaphore.ts'
import type { SingleflightStats } from '../concurrency/singleflight.ts'
import type { TaskGroupStats } from '../concurrency/task-group.ts'
import type { TurnStats } from '../concurrency/turn-queue.ts'
import { counters, gauges } from './metric-columns.ts'
import type { MetricSource } from './metric-family.ts'
import { tableMetrics, type MetricColumn, type MetricTable, type StatsOwners } from './metric-table.ts'

/** Metrics `x_semaphore_…` of semaphores and mutexes; several need labels of their own. */
export function semaphoreMetrics(semaphores: StatsOwners<SemaphoreStats>): MetricSource {
  return tableMetrics(SEMAPHORE, semaphores)
}

/** Metrics `x_keyed_semaphore_…` of keyed semaphores and mutexes, all keys together; several need labels of their own. */
export function keyedSemaphoreMetrics(semaphores: StatsOwners<KeyedSemaphoreStats>): MetricSource {
  return tableMetrics(KEYED_SEMAPHORE, semaphores)
}

/** Metrics `x_rw_lock_…` of locks; several need labels of their own. */
export function rwLockMetrics(locks: StatsOwners<RwLockStats>): MetricSource {
  return tableMetrics(RW_LOCK, locks)
}

/** Metrics `x_singleflight_…` of singleflights; several need labels of their own. */
export function singleflightMetrics(singleflights: StatsOwners<SingleflightStats>): MetricSource {
  return tableMetrics(SINGLEFLIGHT, singleflights)
}

/** Metrics `x_task_group_…` of task groups; several need labels of their own. */
export function taskGroupMetrics(groups: StatsOwners<TaskGroupStats>): MetricSource {
  return tableMetrics(TASK_GROUP, groups)
}

/** Metrics `x_async_channel_…` of channels; several need labels of their own. */
export function asyncChannelMetrics(channels: StatsOwners<AsyncChannelStats>): MetricSource {
  return tableMetrics(ASYNC_CHANNEL, channels)
}

/** Metrics `x_handshakes_…` of handshake limiters; several need labels of their own. */
export function handshakeMetrics(limiters: StatsOwners<HandshakeStats>): MetricSource {
  return tableMetrics(HANDSHAKES, limiters)
}

const TURNS: readonly MetricColumn<TurnStats>[] = [
  ...gauges<TurnStats>({ waiting: 'Who waits for a turn.' }),
  ...counters<TurnStats>({
    acquired: 'Turns that were granted.',
    refused: 'Who was sent away at once.',
    abandoned: 'Who waited in vain.',
  }),
]

const SEMAPHORE: MetricTable<SemaphoreStats> = {
  prefix: 'x_semaphore',
  columns: [...gauges<SemaphoreStats>({ capacity: 'Permits in all.', held: 'Permits that are held.' }), ...TURNS],
}

const KEYED_SEMAPHORE: MetricTable<KeyedSemaphoreStats> = {
  prefix: 'x_keyed_semaphore',
  columns: [
    ...gauges<KeyedSemaphoreStats>({ keys: 'Keys that are in use.', held: 'Permits that are held.' }),
    ...TURNS,
  ],
}

const RW_LOCK: MetricTable<RwLockStats> = {
  prefix: 'x_rw_lock',
  columns: [
    ...gauges<RwLockStats>({ readers: 'Readers that are inside.', writers: 'Writers that are inside.' }),
    ...TURNS,
  ],
}

const SINGLEFLIGHT: MetricTable<SingleflightStats> = {
  prefix: 'x_singleflight',
  columns: [
    ...gauges<SingleflightStats>({
      flights: 'Functions whose result somebody waits for.',
      waiting: 'Who waits for a result.',
    }),
    ...counters<SingleflightStats>({
      called: 'Functions that were called.',
      joined: 'Calls that joined one that was on its way.',
      refused: 'Calls that were refused.',
    }),
  ],
}

const TASK_GROUP: MetricTable<TaskGroupStats> = {
  prefix: 'x_task_group',
  columns: [
    ...gauges<TaskGroupStats>({ running: 'Tasks that run.' }),
    ...counters<TaskGroupStats>({
      succeeded: 'Tasks that succeeded.',
      failed: 'Tasks that failed.',
      cancelled: 'Tasks that ended by the abort of their group.',
      refused: 'Tasks that were not called.',
    }),
  ],
}

const ASYNC_CHANNEL: MetricTable<AsyncChannelStats> = {
  prefix: 'x_async_channel',
  columns: [
    ...gauges<AsyncChannelStats>({
      size: 'Values that it holds.',
      waitingSenders: 'Who waits to send.',
      waitingReceivers: 'Who waits to receive.',
    }),
    ...counters<AsyncChannelStats>({
      sent: 'Values that it took.',
      received: 'Values that were received.',
      dropped: 'Values that were dropped.',
    }),
  ],
}

const HANDSHAKES: MetricTable<HandshakeStats> = {
  prefix: 'x_handshakes',
  columns: [...gauges<HandshakeStats>({ running: 'Handshakes that go on.' }), ...TURNS],
}
