/** How a promise settled. */
export async function settled<T>(run: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([run])
  return result
}

/** What a promise rejected with; throws when it did not. */
export async function rejection(run: Promise<unknown>): Promise<unknown> {
  const result = await settled(run)
  if (result.status === 'fulfilled') throw new Error('did not reject')
  return result.reason
}

/** A promise without end. */
export function never(): Promise<never> {
  return new Promise(() => {})
}
