/** A shared word and the value that it had. */
export interface WatchedWord {
  readonly words: Int32Array
  readonly index: number
  readonly value: number
}

/** Blocks this thread until the word has another value; false when `timeoutMs` is over first. */
export function blockUntilChanged({ words, index, value }: WatchedWord, timeoutMs: number): boolean {
  const until = performance.now() + timeoutMs
  // a notification without a change, by which other waiters are told to look again, is none for us
  while (Atomics.load(words, index) === value) {
    const left = Math.max(0, until - performance.now())
    if (Atomics.wait(words, index, value, left) === 'timed-out') return false
  }
  return true
}
