import { threadId } from 'node:worker_threads'
import { DispatcherClosedError, OptionError, checkDuration, checkFunction, checkOneOf } from '../errors/index.ts'
import { pump } from '../lane/pump.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Deadline } from '../timeout/deadline.ts'
import { AgeHistogram } from './age-histogram.ts'
import type { CallFacts } from './call-facts.ts'
import { type CallOptions, checkCallOptions, LoopCall } from './calls.ts'
import { WrongThreadError } from './dispatch-errors.ts'
import { type DispatchStats, type SourceCounts, addCounts, noCounts } from './dispatch-stats.ts'
import {
  type ConnectOptions,
  type DispatcherOptions,
  type ResolvedDispatcherOptions,
  resolveConnectOptions,
  resolveDispatcherOptions,
} from './dispatcher-options.ts'
import { DrainWaiters } from './drain-waiters.ts'
import { ErrorSink } from './error-sink.ts'
import { HandlerRegistry, type Handlers, type Registration } from './handlers.ts'
import type { AnyFunction } from './job-store.ts'
import { OwnQueue } from './own-queue.ts'
import type { PosterHandle } from './poster-handle.ts'
import { PosterLink } from './poster-link.ts'

const closed = new ObservationPoint('x:loop-utils:dispatcher:close')

export interface CloseOptions {
  /** `drain` (default) delivers everything accepted and answers every call first; `discard` gives it up. */
  readonly mode?: 'drain' | 'discard'
  /** Milliseconds after which a drain gives the rest up. Default 5000. */
  readonly deadlineMs?: number
}

/** What became of what was waiting when the dispatcher closed. */
export interface CloseReport {
  /** Items delivered while closing. */
  readonly delivered: number
  /** Items accepted and given up. */
  readonly discarded: number
  /** Calls that were rejected with a DispatcherClosedError. */
  readonly rejectedCalls: number
}

/**
 * Runs calls on the loop that owns it: functions posted from this loop, and handlers called by name from other threads
 * through posters. What eight rules promise:
 *
 * 1. **Order.** Each poster's events and calls run in the order in which they were made; functions of this loop
 *    likewise. Between posters there is no order, and priority exists only between them.
 * 2. **Exactly once** while both sides live. When a poster's thread dies, a prefix of what it accepted is delivered: no
 *    gap, no duplicate, and at least everything before its last `flush`.
 * 3. **Isolation.** What throws or rejects goes to `onError`, or to the caller of a call, and the next item runs.
 * 4. **Fairness.** A slice ends after `sliceMs`; between slices I/O and timers run. Busy posters take turns by weight.
 * 5. **Backpressure.** Not more waits than `capacity` here and `credit` for each poster, and as much again of posts and
 *    calls that wait for credit; every drop is counted with its reason; a call is never dropped.
 * 6. **Close.** A drain delivers all that was accepted, a discard reports what was not; every pending call settles;
 *    afterwards `post` and `emit` return false and calls reject with a DispatcherClosedError. When the thread of a
 *    dispatcher dies, calls of its posters reject with a WorkerCrashedError, and blocked threads go on.
 * 7. **Idle cost.** Nothing waiting means no timer, no wake-up and no handle that keeps the process alive, unless
 *    {@link ref} was called.
 * 8. **Re-entrancy.** `post` never runs a function before it returns, from within a handler neither: it goes to the end
 *    of the queue.
 *
 * @example
 * ```ts
 * const handlers = { reading: (value: number) => console.log(value) }
 * await using dispatcher = new Dispatcher({ onError: console.error })
 * dispatcher.register(handlers)
 * const handle = dispatcher.connect<typeof handlers>()
 * new Worker(url, { workerData: handle, transferList: [...handle.ports] })
 * // in the worker: attachPoster<typeof handlers>(workerData).emit('reading', 21.5)
 * ```
 */
export class Dispatcher implements AsyncDisposable {
  readonly #options: ResolvedDispatcherOptions
  readonly #threadId = threadId
  readonly #errors: ErrorSink
  readonly #ages = new AgeHistogram()
  readonly #registry = new HandlerRegistry()
  readonly #own: OwnQueue
  readonly #links = new Set<PosterLink>()
  /** Counts of links that have ended. */
  readonly #past: SourceCounts = noCounts()
  readonly #waiters = new DrainWaiters()
  #maxLinkDepth = 0
  #isRefed = false
  #closing: Promise<CloseReport> | undefined

  /** @throws OptionError */
  constructor(options: DispatcherOptions = {}) {
    this.#options = resolveDispatcherOptions(options)
    this.#errors = new ErrorSink(options)
    this.#own = new OwnQueue(this.#options, {
      errors: this.#errors,
      ages: this.#ages,
      onProgress: () => this.#waiters.check(),
    })
  }

  get name(): string | undefined {
    return this.#options.name
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Whether this code runs on the thread that owns the dispatcher. */
  get isOwnerThread(): boolean {
    return threadId === this.#threadId
  }

  /** @throws WrongThreadError on any other thread than the dispatcher's */
  assertOwner(): void {
    if (this.isOwnerThread) return
    throw new WrongThreadError(`this belongs to thread ${this.#threadId}; post to its dispatcher instead`, threadId)
  }

  /**
   * The signal of the call whose function or handler runs right now, aborted when the caller gives up. Read it before
   * the first `await`. Undefined outside of calls.
   */
  get callSignal(): AbortSignal | undefined {
    return this.#current?.signal
  }

  /**
   * Until when the caller waits whose function or handler runs right now: the nearer of its deadline and its timeout, on
   * whatever thread it is. Give it to what the handler awaits. Read it before the first `await`. Undefined when the caller
   * waits for ever, and outside of calls.
   */
  get callDeadline(): Deadline | undefined {
    return this.#current?.deadline
  }

  get #current(): CallFacts | undefined {
    if (this.#own.current !== undefined) return this.#own.current.facts
    for (const link of this.#links) if (link.current !== undefined) return link.current
    return undefined
  }

  /**
   * Runs `fn(...args)` on this loop after everything that was posted before, never at once. Returns false when it was
   * dropped, and after close.
   *
   * @throws QueueOverflowError at the capacity, with the policy `error`
   * @throws OptionError when `fn` is no function
   */
  post<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): boolean {
    if (typeof fn !== 'function') throw new OptionError('fn', fn, 'a function')
    if (this.#closing !== undefined) return false
    return this.#own.post(fn as AnyFunction, args)
  }

  /**
   * Runs a function in its turn and gives its outcome. Rejects with what it threw, with `signal.reason`, with a
   * TimeoutError, with a QueueOverflowError when there is no room, or with a DispatcherClosedError. Given up before its
   * turn it does not run.
   */
  async call<R>(fn: () => R | PromiseLike<R>, options: CallOptions = {}): Promise<R> {
    checkFunction('fn', fn)
    const end = checkCallOptions(options)
    if (this.#closing !== undefined) throw new DispatcherClosedError(this.name)
    end.signal?.throwIfAborted()
    const call = new LoopCall(end.limit)
    const job = this.#own.call(fn, call)
    call.settlement.limit({ ...end, clock: this.#options.clock, what: 'call' }, (reason) => {
      call.cancel(reason)
      this.#own.withdraw(job)
    })
    return (await call.settlement.promise) as R
  }

  /**
   * Makes functions callable by name from posters.
   *
   * @throws OptionError when one is no function, or its name is taken
   */
  register<H extends Handlers>(handlers: H): Registration<H> {
    return this.#registry.add(handlers)
  }

  /**
   * Makes a handle for one poster, here or on any other thread.
   *
   * @throws OptionError, DispatcherClosedError
   */
  connect<H extends Handlers = Handlers>(options: ConnectOptions = {}): PosterHandle<H> {
    if (this.#closing !== undefined) throw new DispatcherClosedError(this.name)
    const resolved = resolveConnectOptions(options)
    const link = new PosterLink(resolved, {
      registry: this.#registry,
      errors: this.#errors,
      ages: this.#ages,
      clock: this.#options.clock,
      sliceMs: this.#options.sliceMs,
      onProgress: () => this.#waiters.check(),
      onEnded: (ended) => this.#onLinkEnded(ended),
    })
    this.#links.add(link)
    if (this.#isRefed) link.ref()
    const up = link.handles.up.writer
    const down = link.handles.down.reader
    return {
      ports: [up.port, down.port],
      up,
      down,
      state: link.state.buffer,
      options: resolved,
      ownerThreadId: this.#threadId,
      dispatcher: this.name,
    }
  }

  /** Items that wait on this loop: its own, and those of all posters that have arrived. */
  get depth(): number {
    let depth = this.#own.depth
    for (const link of this.#links) depth += link.depth
    return depth
  }

  /** Resolves when everything that waits now has been delivered. */
  drain(): Promise<void> {
    const sources = [this.#own, ...this.#links]
    const targets = sources.map((source) => [source, source.target] as const)
    return this.#waiters.until(() =>
      targets.every(([source, target]) => source.handled >= target || source.depth === 0),
    )
  }

  stats(): DispatchStats {
    const counts = noCounts()
    addCounts(counts, this.#past)
    addCounts(counts, this.#own.counts)
    let maxDepth = Math.max(this.#own.maxDepth, this.#maxLinkDepth)
    let runningCalls = this.#own.runningCalls
    for (const link of this.#links) {
      addCounts(counts, link.allCounts)
      maxDepth = Math.max(maxDepth, link.maxDepth)
      runningCalls += link.runningCalls
    }
    const { delivered, coalesced, ...dropped } = counts
    const { depth } = this
    return {
      accepted: delivered + depth + coalesced + dropped.oldest + dropped.discarded,
      delivered,
      dropped,
      coalesced,
      errors: this.#errors.count,
      depth,
      maxDepth,
      maxSliceMs: pump.stats.maxSliceMs,
      queueAgeP99Ms: this.#ages.quantile(0.99),
      posters: this.#links.size,
      runningCalls,
    }
  }

  /** Keeps the process alive for the sake of posters that may send. Default: it may exit when nothing waits. */
  ref(): void {
    this.#isRefed = true
    for (const link of this.#links) link.ref()
  }

  unref(): void {
    this.#isRefed = false
    for (const link of this.#links) link.unref()
  }

  /**
   * Takes nothing more, and ends. Idempotent: a second call gives the promise of the first one.
   *
   * @throws OptionError
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    const { mode = 'drain', deadlineMs = 5000 } = options
    checkOneOf('mode', mode, ['drain', 'discard'])
    checkDuration('deadlineMs', deadlineMs, { infinite: true })
    this.#closing ??= this.#close(mode === 'drain' ? deadlineMs : 0)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(deadlineMs: number): Promise<CloseReport> {
    const before = this.#delivered()
    if (deadlineMs > 0) await this.#drainWithin(deadlineMs)
    let { discarded, rejected } = this.#own.discard(new DispatcherClosedError(this.name))
    for (const link of this.#links) {
      const given = link.discard()
      discarded += given.discarded
      rejected += given.rejected
    }
    this.#waiters.check()
    const report: CloseReport = { delivered: this.#delivered() - before, discarded, rejectedCalls: rejected }
    if (closed.isObserved(this.#options)) closed.publish({ dispatcher: this.name, ...report }, this.#options)
    return report
  }

  async #drainWithin(deadlineMs: number): Promise<void> {
    for (const link of this.#links) link.askToClose()
    const isEmpty = (): boolean => this.#own.depth === 0 && this.#own.runningCalls === 0 && this.#links.size === 0
    const over = new AbortController()
    const timer =
      deadlineMs === Number.POSITIVE_INFINITY ? undefined : this.#options.clock.setTimer(() => over.abort(), deadlineMs)
    // the posters' threads are waited for, which nothing else would keep the loop alive for
    for (const link of this.#links) link.ref()
    await Promise.race([
      this.#waiters.until(isEmpty),
      new Promise<void>((resolve) => {
        over.signal.addEventListener('abort', () => resolve(), { once: true })
      }),
    ])
    timer?.[Symbol.dispose]()
  }

  #delivered(): number {
    let delivered = this.#past.delivered + this.#own.counts.delivered
    for (const link of this.#links) delivered += link.counts.delivered
    return delivered
  }

  #onLinkEnded(link: PosterLink): void {
    addCounts(this.#past, link.allCounts)
    this.#maxLinkDepth = Math.max(this.#maxLinkDepth, link.maxDepth)
    this.#links.delete(link)
  }
}
