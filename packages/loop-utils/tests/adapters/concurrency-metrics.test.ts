import { describe, expect, it } from 'vitest'
import {
  asyncChannelMetrics,
  handshakeMetrics,
  keyedSemaphoreMetrics,
  rwLockMetrics,
  semaphoreMetrics,
  singleflightMetrics,
  taskGroupMetrics,
} from '../../src/adapters/index.ts'
import {
  AsyncChannel,
  createHandshakeLimiter,
  KeyedMutex,
  KeyedSemaphore,
  Mutex,
  RwLock,
  Semaphore,
  Singleflight,
  TaskGroup,
} from '../../src/concurrency/index.ts'
import { numbersIn, samplesOf } from './samples-of.ts'

describe('metrics of what orders work', () => {
  it('tell all that their stats tell', async () => {
    const semaphore = new Semaphore(3)
    semaphore.tryAcquire(2)
    const mutex = new Mutex()
    const perHost = new KeyedSemaphore<string>(1)
    perHost.tryAcquire('a')
    const perDevice = new KeyedMutex<string>()
    const lock = new RwLock()
    lock.tryAcquireRead()
    const flights = new Singleflight<string, number>()
    await flights.run('a', () => 1)
    const handshakes = createHandshakeLimiter()
    await handshakes.acquire('bridge')
    const group = new TaskGroup()
    await group.run(() => 1)
    const channel = new AsyncChannel<number>({ capacity: 1, overflow: 'drop-newest' })
    channel.trySend(1)
    channel.trySend(2)

    const samples = samplesOf(
      semaphoreMetrics([
        [{ of: 'radio' }, semaphore],
        [{ of: 'file' }, mutex],
      ]),
      keyedSemaphoreMetrics([
        [{ of: 'hosts' }, perHost],
        [{ of: 'devices' }, perDevice],
      ]),
      rwLockMetrics([lock]),
      handshakeMetrics([handshakes]),
      singleflightMetrics([flights]),
      taskGroupMetrics([group]),
      asyncChannelMetrics([channel]),
    )
    expect(samples).toMatchObject({
      'x_semaphore_capacity{of=radio}': 3,
      'x_semaphore_held{of=radio}': 2,
      'x_semaphore_acquired_total{of=radio}': 1,
      'x_semaphore_capacity{of=file}': 1,
      'x_semaphore_waiting{of=file}': 0,
      'x_keyed_semaphore_keys{of=hosts}': 1,
      'x_keyed_semaphore_held{of=hosts}': 1,
      'x_keyed_semaphore_refused_total{of=devices}': 0,
      'x_rw_lock_readers{}': 1,
      'x_rw_lock_writers{}': 0,
      'x_rw_lock_abandoned_total{}': 0,
      'x_handshakes_running{}': 1,
      'x_handshakes_acquired_total{}': 1,
      'x_singleflight_flights{}': 0,
      'x_singleflight_called_total{}': 1,
      'x_task_group_succeeded_total{}': 1,
      'x_async_channel_size{}': 1,
      'x_async_channel_waiting_senders{}': 0,
      'x_async_channel_dropped_total{}': 1,
    })
    const owners = [semaphore, mutex, perHost, perDevice, lock, handshakes, flights, group, channel]
    const numbers = owners.map((owner) => numbersIn(owner.stats()))
    expect(Object.keys(samples)).toHaveLength(numbers.reduce((sum, count) => sum + count))
  })
})
