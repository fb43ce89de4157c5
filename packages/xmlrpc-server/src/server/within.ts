import { systemClock } from '@x/loop-utils/clock'

/** Resolves with the promise, or when the time is over. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([promise.finally(() => late.abort()), systemClock.sleep(ms, late.signal).catch(() => undefined)])
}
