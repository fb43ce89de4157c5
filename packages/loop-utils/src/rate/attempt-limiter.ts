/**
 * What a retry asks before each attempt, and tells how it ended. Every RateLimiter is one that is not interested in the
 * end.
 */
export interface AttemptLimiter {
  /** Whether an attempt may be made at once; if not, wait by {@link acquire}. */
  tryAcquire(): boolean
  /** Waits until an attempt may be made. */
  acquire(n?: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** An attempt succeeded. */
  onSuccess?(): void
  /** An attempt failed. */
  onFailure?(error: unknown): void
}
