/**
 * Does to a value what crossing a thread does, and freezes the outcome: a test of one loop then meets most of what a
 * thread would show. Bytes cannot be frozen and stay writable.
 *
 * @throws DataCloneError for what cannot be cloned
 */
export function cloneAndFreeze<T>(value: T, transfer: readonly ArrayBuffer[] | undefined): T {
  const copy = transfer === undefined ? structuredClone(value) : structuredClone(value, { transfer: [...transfer] })
  freezeWithin(copy)
  return copy
}

function freezeWithin(root: unknown): void {
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) continue
    Object.freeze(value)
    for (const key of Object.keys(value)) pending.push((value as Record<string, unknown>)[key])
  }
}
