import { expect } from 'vitest'

/** How many timers this thread's loop holds that keep it alive. */
function count(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

/**
 * Runs `body` and asserts that it leaves no timer. The test runner sets and clears timers of its own, so the count is
 * given some turns of the loop to come back.
 */
export async function assertLeavesNoTimer(body: () => Promise<unknown>): Promise<void> {
  const before = count()
  await body()
  for (let turn = 0; turn < 200 && count() > before; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  expect(count()).toBeLessThanOrEqual(before)
}
