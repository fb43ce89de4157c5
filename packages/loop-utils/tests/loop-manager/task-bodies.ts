/** Waits until the signal is aborted, then throws its reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** What a task awaits whatever its signal says, and how it ends then. */
export interface Deaf {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

export function deaf(): Deaf {
  const ends: Pick<Deaf, 'resolve' | 'reject'>[] = []
  const promise = new Promise<void>((resolve, reject) => ends.push({ resolve, reject }))
  return { promise, resolve: () => ends[0]?.resolve(), reject: (error) => ends[0]?.reject(error) }
}
