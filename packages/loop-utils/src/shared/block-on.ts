import { isMainThread, threadId } from 'node:worker_threads'
import { systemClock } from '../clock/system-clock.ts'
import { WrongThreadError } from '../dispatch/dispatch-errors.ts'
import { checkDuration } from '../errors/option-checks.ts'
import type { AtomicMemory } from './atomic-memory.ts'
import { runToPark } from './run-steps.ts'
import type { Protocol } from './shared-memory.ts'

/** The outcome of a wait that may run out of time. */
export type BlockedFor<R> = { readonly isInTime: true; readonly value: R } | { readonly isInTime: false }

/** Runs a protocol, blocking this thread wherever it must sleep, for at most `timeoutMs` in all. */
export function blockOn<R>(memory: AtomicMemory, start: () => Protocol<R>, timeoutMs: number): BlockedFor<R> {
  const endsAt = systemClock.now() + timeoutMs
  for (;;) {
    const progress = runToPark(start())
    if (progress.isDone) return { isInTime: true, value: progress.value }
    const remainingMs = endsAt - systemClock.now()
    if (remainingMs <= 0) return { isInTime: false }
    memory.wait(progress.park.cell, progress.park.expected, remainingMs)
  }
}

/**
 * What every blocking method checks first.
 *
 * @throws WrongThreadError on the main thread, whose loop must never stand still
 * @throws OptionError when `timeoutMs` is no duration
 */
export function checkBlocking(operation: string, timeoutMs: number, instead: string): void {
  checkDuration('timeoutMs', timeoutMs, { infinite: true })
  if (isMainThread)
    throw new WrongThreadError(`${operation} would block the main thread; await ${instead} there`, threadId)
}
