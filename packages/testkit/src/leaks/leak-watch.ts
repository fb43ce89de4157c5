import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { checkDuration } from '@x/loop-utils/errors'
import type { Leak } from './leak.ts'
import { LeakError } from './leak-error.ts'
import { ListenerCensus, type ListenerTarget } from './listener-census.ts'
import { ResourceTracker } from './resource-tracker.ts'

/** How to look for leaks. */
export interface LeakOptions {
  /** How long closing things may take once the code is done, in milliseconds. Default 2000. */
  readonly graceMs?: number
  /** Emitters and signals whose listeners are counted, besides `process`. */
  readonly targets?: readonly ListenerTarget[]
}

const DEFAULT_GRACE_MS = 2000
const TURNS_BEFORE_SLEEPING = 5
const POLL_MS = 10

/**
 * Follows what is made on this thread from now on: timers (unreferenced ones that user code set, too), sockets, servers,
 * datagram sockets, pipes, workers, child processes, message ports with a listener, file watchers, open file handles,
 * and listeners on `process` and on chosen targets. What the test runner makes is left out, and so are the sockets that
 * an HTTP agent keeps for reuse, which do not hold the process.
 */
export class LeakWatch implements Disposable {
  readonly #tracker: ResourceTracker
  readonly #census: ListenerCensus
  readonly #graceMs: number

  /** @throws OptionError */
  constructor(options: LeakOptions = {}) {
    this.#graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
    this.#census = new ListenerCensus(options.targets ?? [])
    this.#tracker = new ResourceTracker()
  }

  /** Counts the listeners of `target` from now on; returns it. */
  watch<T extends ListenerTarget>(target: T): T {
    this.#census.add(target)
    return target
  }

  /** What is left right now, without waiting. */
  survivors(): readonly Leak[] {
    return [...this.#tracker.survivors(), ...this.#census.survivors()]
  }

  /** What is left once closing things had their time; resolves as soon as nothing is. */
  async settled(): Promise<readonly Leak[]> {
    let leaks = this.survivors()
    const startedAt = performance.now()
    for (let turn = 0; leaks.length > 0 && performance.now() - startedAt < this.#graceMs; turn++) {
      await this.#tracker.withoutTracking(() => (turn < TURNS_BEFORE_SLEEPING ? nextTurn() : sleep(POLL_MS)))
      leaks = this.survivors()
    }
    return leaks
  }

  /**
   * Ends the watch.
   *
   * @throws LeakError when something is left
   */
  async end(): Promise<void> {
    try {
      const leaks = await this.settled()
      if (leaks.length > 0) throw new LeakError(leaks, this.#graceMs)
    } finally {
      this[Symbol.dispose]()
    }
  }

  /** Ends the watch without looking. */
  [Symbol.dispose](): void {
    this.#tracker.stop()
  }
}
