/** A point of time source and timers, injected wherever the code waits, so that tests need not. */
export interface Clock {
  /** Monotonic milliseconds since an epoch that all threads of the process share. */
  now(): number
  /** Wall-clock milliseconds since 1970; may jump. Only for showing and storing. */
  wall(): number
  /** Resolves after `ms`; rejects with `signal.reason` at once when aborted, leaving no timer. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once after `ms` (any length, also beyond 2³¹−1 ms), unless disposed first. */
  setTimer(callback: () => void, ms: number, options?: { readonly ref?: boolean }): Timer
}

/** A timer that waits; disposing of it cancels it. */
export interface Timer extends Disposable {
  ref(): void
  unref(): void
}
