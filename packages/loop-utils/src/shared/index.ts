export { CounterRangeError } from './counter-range-error.ts'
export type { ThreadWaitOptions, ThreadWaitStats } from './loop-waits.ts'
export {
  joinHandshakes,
  shareHandshakes,
  type HandshakeHandle,
  type SharedHandshakes,
  type ShareHandshakesOptions,
} from './shared-handshakes.ts'
export {
  ThreadBreaker,
  type ThreadBreakerOptions,
  type ThreadBreakerRules,
  type ThreadBreakerStats,
  type ThreadCircuitState,
  type ThreadHalfOpenRules,
} from './thread-breaker.ts'
export { ThreadCounter, type CounterCondition } from './thread-counter.ts'
export { ThreadLatch } from './thread-latch.ts'
export type { ThreadPrimitiveOptions } from './thread-primitive.ts'
export { ThreadRateLimiter, type ThreadRate, type ThreadRateAcquireOptions } from './thread-rate-limiter.ts'
export {
  ThreadSemaphore,
  type ThreadAcquireOptions,
  type ThreadAcquireSyncOptions,
  type ThreadSemaphoreOptions,
} from './thread-semaphore.ts'
