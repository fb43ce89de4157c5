import type { TaskContext } from '../../src/executor/task-context.ts'
import { ThreadLatch } from '../../src/shared/thread-latch.ts'
import { timeout } from '../../src/timeout/timeout.ts'

// Functions that the tests of deadlines have run on a thread.

/** What is left, by both ways to ask. */
export function left(context: TaskContext): readonly (number | undefined)[] {
  return [context.remainingMs, context.deadline?.remaining()]
}

/** Waits until it is cancelled; gives why. */
export async function untilCancelled(started: SharedArrayBuffer, context: TaskContext): Promise<string> {
  new ThreadLatch(started).countDown()
  const { signal } = context
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return (signal.reason as Error).name
}

/** Gives its context on to a policy of this thread; tells how that ends. */
export async function bounded(context: TaskContext): Promise<string> {
  try {
    await timeout(() => new Promise(() => {}), Infinity, context)
    return 'ended'
  } catch (error) {
    return `${(error as Error).name} ${(error as { kind?: string }).kind}`
  }
}
