import { QueueOverflowError } from '../errors/index.ts'
import { type ItemSource, LaneDelivery } from '../lane/lane-delivery.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { isThenable } from '../policy/race.ts'
import type { AgeHistogram } from './age-histogram.ts'
import type { LoopCall } from './calls.ts'
import { type SourceCounts, noCounts } from './dispatch-stats.ts'
import type { ResolvedDispatcherOptions } from './dispatcher-options.ts'
import type { ErrorSink } from './error-sink.ts'
import { type AnyFunction, Job, type JobStore, PlainJobs, TakeableJobs, type Turn } from './job-store.ts'
import { AGE_SAMPLING } from './wire.ts'

const dropped = new ObservationPoint('x:loop-utils:dispatcher:drop')

/** What a dispatcher lends to its own queue. */
export interface OwnQueueContext {
  readonly errors: ErrorSink
  readonly ages: AgeHistogram
  /** Something was run or answered. */
  onProgress(): void
}

/** The functions that a dispatcher's own loop has posted: bounded, in order, run in slices. */
export class OwnQueue implements ItemSource<Turn> {
  readonly counts: SourceCounts = noCounts()
  maxDepth = 0
  readonly ending: undefined
  /** The call whose function is being run. */
  current: LoopCall | undefined
  readonly #jobs: JobStore
  /** The same, for policies that need it. */
  readonly #takeable: TakeableJobs | undefined
  readonly #running = new Set<LoopCall>()
  readonly #delivery: LaneDelivery<Turn>
  readonly #options: ResolvedDispatcherOptions
  readonly #context: OwnQueueContext
  readonly #keyOf: (fn: AnyFunction, args: readonly unknown[]) => unknown
  readonly #turn: Turn = { fn: () => undefined, args: [], isSingle: false, call: undefined }
  #accepted = 0
  /** One function at a time is followed from its acceptance to its turn: its number, and when it was accepted. */
  #probed = { turn: 0, acceptedAt: 0 }

  constructor(options: ResolvedDispatcherOptions, context: OwnQueueContext) {
    const { overflow, coalesceBy } = options
    this.#options = options
    this.#context = context
    const dropsOldest = overflow === 'drop-oldest'
    this.#takeable = dropsOldest || overflow === 'coalesce' ? new TakeableJobs({ dropsOldest }) : undefined
    this.#jobs = this.#takeable ?? new PlainJobs()
    if (overflow !== 'coalesce') this.#keyOf = () => undefined
    else this.#keyOf = coalesceBy === undefined ? (fn) => fn : coalesceBy
    this.#delivery = new LaneDelivery<Turn>(this, { sliceMs: options.sliceMs, weight: 1 })
    this.#delivery.open({ item: (turn) => this.#run(turn), end: () => undefined })
  }

  get depth(): number {
    return this.#jobs.length
  }

  get runningCalls(): number {
    return this.#running.size
  }

  /** Functions that have had their turn. */
  get handled(): number {
    return this.counts.delivered
  }

  /** What {@link handled} will be at most once everything that waits now has had its turn. */
  get target(): number {
    return this.handled + this.depth
  }

  /**
   * Takes a function over, or does what the overflow policy says.
   *
   * @throws QueueOverflowError for the policy `error`
   */
  post(fn: AnyFunction, args: readonly unknown[]): boolean {
    const key = this.#keyOf(fn, args)
    if (this.#jobs.length >= this.#options.capacity) {
      if (this.#options.overflow === 'error') throw this.#overflow()
      if (this.#takeable?.replace(fn, args, key) === true) {
        this.counts.coalesced++
        return true
      }
      if (!this.#dropOldest()) {
        this.counts.newest++
        this.#tellDrop('newest')
        return false
      }
    }
    this.#jobs.push(fn, args, key)
    this.#pushed()
    return true
  }

  /** @throws QueueOverflowError when there is no room for a call */
  call(fn: AnyFunction, call: LoopCall): Job {
    if (this.#jobs.length >= this.#options.capacity && !this.#dropOldest()) throw this.#overflow()
    const job = new Job(fn, [], { key: undefined, call })
    this.#jobs.pushCall(job)
    this.#pushed()
    return job
  }

  /** Takes out a call that its caller gave up before it ran. */
  withdraw(job: Job): void {
    if (this.#jobs.remove(job)) this.counts.discarded++
    this.#context.onProgress()
  }

  /** Rejects every call, waiting and running, and drops the rest. Returns how much of each. */
  discard(reason: unknown): { readonly discarded: number; readonly rejected: number } {
    const running = [...this.#running]
    let discarded = 0
    let rejected = running.length
    for (; this.#jobs.length > 0; discarded++) {
      const { call } = this.take()
      if (call === undefined) continue
      rejected++
      call.settlement.reject(reason)
    }
    this.#running.clear()
    for (const call of running) call.settlement.reject(reason)
    this.counts.discarded += discarded
    return { discarded, rejected }
  }

  hasNext(): boolean {
    return this.#jobs.length > 0
  }

  take(): Turn {
    this.#jobs.shift(this.#turn)
    return this.#turn
  }

  /** Functions are counted one by one, so that each sees the truth; who waits is told some at a time. */
  delivered(): void {
    this.#context.onProgress()
  }

  ended(): void {
    // never: the queue is as old as its dispatcher
  }

  #pushed(): void {
    const depth = this.#jobs.length
    if (depth > this.maxDepth) this.maxDepth = depth
    if (++this.#accepted % AGE_SAMPLING === 0 && this.#probed.turn <= this.counts.delivered) {
      this.#probed = { turn: this.counts.delivered + depth, acceptedAt: this.#options.clock.now() }
    }
    this.#delivery.wake()
  }

  #dropOldest(): boolean {
    if (this.#options.overflow !== 'drop-oldest' || this.#takeable?.dropOldest() !== true) return false
    this.counts.oldest++
    this.#tellDrop('oldest')
    return true
  }

  #tellDrop(reason: 'newest' | 'oldest' | 'overflow'): void {
    if (!dropped.isObserved(this.#options)) return
    const { name: dispatcher, capacity } = this.#options
    dropped.publish({ dispatcher, reason, capacity }, this.#options)
  }

  #overflow(): QueueOverflowError {
    const { name, capacity } = this.#options
    this.counts.overflow++
    this.#tellDrop('overflow')
    return new QueueOverflowError({ queue: name === undefined ? 'dispatcher' : `dispatcher '${name}'`, capacity })
  }

  #run(turn: Turn): void {
    this.counts.delivered++
    if (this.counts.delivered === this.#probed.turn) {
      this.#context.ages.add(this.#options.clock.now() - this.#probed.acceptedAt)
    }
    if (turn.call === undefined) this.#runPosted(turn)
    else this.#runCall(turn.fn, turn.call)
  }

  #runPosted({ fn, args, isSingle }: Turn): void {
    try {
      const result = isSingle ? fn(args) : fn(...(args as unknown[]))
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(error))
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#context.errors.report(error, { kind: 'post' })
  }

  #runCall(fn: AnyFunction, call: LoopCall): void {
    this.current = call
    try {
      const result = fn()
      if (isThenable(result)) this.#follow(call, result)
      else call.settlement.resolve(result)
    } catch (error) {
      call.settlement.reject(error)
    } finally {
      this.current = undefined
    }
  }

  #follow(call: LoopCall, result: PromiseLike<unknown>): void {
    this.#running.add(call)
    const settle = (how: () => void): void => {
      if (!this.#running.delete(call)) return
      how()
      this.#context.onProgress()
    }
    // a promise is taken as it is; what only looks like one gets the manners of one
    Promise.resolve(result).then(
      (value) => settle(() => call.settlement.resolve(value)),
      (error: unknown) => settle(() => call.settlement.reject(error)),
    )
  }
}
