import { expect } from 'vitest'

/** How many timers this thread's loop holds that keep it alive. */
function count(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

/**
 * Runs `body` and asserts that it leaves no timer. The test runner sets short timers of its own, so the count is given
 * some seconds to come back: a timer that was left behind here is to be longer.
 */
export async function assertLeavesNoTimer(body: () => Promise<unknown>): Promise<void> {
  const before = count()
  await body()
  for (let turn = 0; turn < 500 && count() > before; turn++) {
    await new Promise<void>((resolve) => setTimeout(resolve, 10))
  }
  expect(count()).toBeLessThanOrEqual(before)
}
