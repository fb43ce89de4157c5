/**
 * Resolves when no microtask is left, whatever their number and depth: before the next macrotask. What has settled then
 * has settled within one macrotask.
 */
export async function drained(): Promise<void> {
  // from within a microtask, Node begins a tick only after all of them
  await Promise.resolve()
  await new Promise<void>((resolve) => process.nextTick(resolve))
}
