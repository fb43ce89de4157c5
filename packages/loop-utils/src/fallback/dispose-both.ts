/** Disposes of both, also when the first one throws. */
export function disposeBoth(first: object, second: object): void {
  try {
    dispose(first)
  } finally {
    dispose(second)
  }
}

/** Disposes of both, at the same time; rejects with the error of the one that failed, or with both. */
export async function disposeBothAsync(first: object, second: object): Promise<void> {
  const results = await Promise.allSettled([disposeAsync(first), disposeAsync(second)])
  const errors = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []))
  if (errors.length > 1) throw new AggregateError(errors, 'both implementations failed to dispose; see errors')
  if (errors.length === 1) throw errors[0]
}

function dispose(implementation: Partial<Disposable>): void {
  implementation[Symbol.dispose]?.()
}

async function disposeAsync(implementation: Partial<AsyncDisposable & Disposable>): Promise<void> {
  if (implementation[Symbol.asyncDispose] === undefined) implementation[Symbol.dispose]?.()
  else await implementation[Symbol.asyncDispose]?.()
}
