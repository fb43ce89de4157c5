/** Resolves after I/O and timers that are due have had their turn. */
export function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
