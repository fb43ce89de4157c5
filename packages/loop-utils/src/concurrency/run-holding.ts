import { checkFunction } from '../errors/option-checks.ts'
import type { HeldPermit } from './held-permit.ts'
import type { WaitForTurnOptions } from './turn-queue.ts'

/** Acquires a permit, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
export async function runHolding<T>(
  acquire: () => Promise<HeldPermit>,
  fn: () => T | PromiseLike<T>,
  options?: WaitForTurnOptions,
): Promise<T> {
  checkFunction('fn', fn)
  const permit = await acquire()
  try {
    options?.signal?.throwIfAborted()
    return await fn()
  } finally {
    permit.release()
  }
}
