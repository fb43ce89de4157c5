/** Disposes of both, one after the other; throws the error of the one that failed, or both. */
export function disposeBoth(first: object, second: object): void {
  const errors: unknown[] = []
  for (const implementation of [first, second]) {
    try {
      dispose(implementation)
    } catch (error) {
      errors.push(error)
    }
  }
  throwAny(errors)
}

/** Disposes of both, at the same time; rejects with the error of the one that failed, or with both. */
export async function disposeBothAsync(first: object, second: object): Promise<void> {
  const results = await Promise.allSettled([disposeAsync(first), disposeAsync(second)])
  const errors = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []))
  throwAny(errors)
}

function throwAny(errors: readonly unknown[]): void {
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
