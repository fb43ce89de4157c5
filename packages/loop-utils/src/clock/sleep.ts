import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import type { Clock } from './clock.ts'

/**
 * Waits on the timers of any clock: resolves after `ms`, rejects with `signal.reason` when aborted, and leaves neither
 * timer nor listener behind.
 */
export function sleepOn(clock: Pick<Clock, 'setTimer'>, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      forgetAbort?.()
      resolve()
    }, ms)
    const forgetAbort =
      signal &&
      onSignalAbort(signal, () => {
        forgetAbort?.()
        timer[Symbol.dispose]()
        reject(signal.reason)
      })
  })
}
