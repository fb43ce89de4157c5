import { QueueOverflowError } from '../errors/index.ts'
import { type ItemSource, LaneDelivery } from '../lane/lane-delivery.ts'
import type { LaneEnd } from '../lane/lane.ts'
import type { AgeHistogram } from './age-histogram.ts'
import { Backlog } from './backlog.ts'
import { type SourceCounts, noCounts } from './dispatch-stats.ts'
import type { ResolvedDispatcherOptions } from './dispatcher-options.ts'
import { type ErrorSink, isThenable } from './error-sink.ts'
import type { LoopCall } from './calls.ts'
import { type AnyFunction, Job } from './job.ts'
import { AGE_SAMPLING } from './wire.ts'

/** The functions that a dispatcher's own loop has posted: bounded, in order, run in slices. */
export class OwnQueue implements ItemSource<Job> {
  readonly counts: SourceCounts = noCounts()
  readonly ages: AgeHistogram
  maxDepth = 0
  ending: LaneEnd | undefined
  /** The call whose function is being run. */
  current: LoopCall | undefined
  readonly #backlog: Backlog<Job>
  readonly #running = new Set<LoopCall>()
  readonly #delivery: LaneDelivery<Job>
  readonly #options: ResolvedDispatcherOptions
  readonly #errors: ErrorSink
  readonly #onProgress: () => void
  readonly #keyOf: (fn: AnyFunction, args: readonly unknown[]) => unknown
  #accepted = 0
  #probed: { readonly job: Job; readonly acceptedAt: number } | undefined

  constructor(
    options: ResolvedDispatcherOptions,
    context: { readonly errors: ErrorSink; readonly ages: AgeHistogram; readonly onProgress: () => void },
  ) {
    this.#options = options
    this.#errors = context.errors
    this.ages = context.ages
    this.#onProgress = context.onProgress
    this.#backlog = new Backlog({ dropsOldest: options.overflow === 'drop-oldest' })
    const { coalesceBy } = options
    if (options.overflow !== 'coalesce') this.#keyOf = () => undefined
    else this.#keyOf = coalesceBy === undefined ? (fn) => fn : coalesceBy
    this.#delivery = new LaneDelivery<Job>(this, { sliceMs: options.sliceMs, weight: 1 })
    this.#delivery.open({ item: (job) => this.#run(job), end: () => undefined })
  }

  get depth(): number {
    return this.#backlog.length
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
    if (this.depth < this.#options.capacity) return this.#push(fn, args, key)
    switch (this.#options.overflow) {
      case 'error':
        this.counts.overflow++
        throw this.#overflow()
      case 'drop-oldest':
        if (this.#dropOldest()) return this.#push(fn, args, key)
        break
      case 'coalesce':
        if (this.#coalesce(fn, args, key)) return true
        break
      case 'drop-newest':
        break
    }
    this.counts.newest++
    return false
  }

  /** @throws QueueOverflowError when there is no room for a call */
  call(fn: AnyFunction, call: LoopCall): Job {
    if (this.depth >= this.#options.capacity && !this.#dropOldest()) {
      this.counts.overflow++
      throw this.#overflow()
    }
    const job = new Job(fn, [], { key: undefined, call })
    this.#add(job)
    return job
  }

  /** Takes out a call that its caller gave up before it ran. */
  withdraw(job: Job): void {
    if (this.#backlog.remove(job)) this.counts.discarded++
    this.#onProgress()
  }

  /** Rejects every call, waiting and running, and drops the rest. Returns how much of each. */
  discard(reason: unknown): { readonly discarded: number; readonly rejected: number } {
    const running = [...this.#running]
    let discarded = 0
    let rejected = running.length
    for (let job = this.#backlog.shift(); job !== undefined; job = this.#backlog.shift()) {
      discarded++
      if (job.call === undefined) continue
      rejected++
      job.call.settlement.reject(reason)
    }
    for (const call of running) call.settlement.reject(reason)
    this.#running.clear()
    this.counts.discarded += discarded
    return { discarded, rejected }
  }

  hasNext(): boolean {
    return this.#backlog.length > 0
  }

  take(): Job {
    return this.#backlog.shift() as Job
  }

  /** The functions are counted one by one, so that each sees the truth; who waits is told some at a time. */
  delivered(): void {
    this.#onProgress()
  }

  ended(): void {
    // a queue within the loop holds nothing
  }

  #push(fn: AnyFunction, args: readonly unknown[], key: unknown): true {
    this.#add(new Job(fn, args, { key, call: undefined }))
    return true
  }

  #add(job: Job): void {
    this.#backlog.push(job)
    if (++this.#accepted % AGE_SAMPLING === 0) this.#probe(job)
    if (this.depth > this.maxDepth) this.maxDepth = this.depth
    this.#delivery.wake()
  }

  /** Measures the age of one job at a time. */
  #probe(job: Job): void {
    if (this.#probed?.job.isGone === false) return
    this.#probed = { job, acceptedAt: this.#options.clock.now() }
  }

  #coalesce(fn: AnyFunction, args: readonly unknown[], key: unknown): boolean {
    const same = this.#backlog.find(key)
    if (same === undefined) return false
    same.fn = fn
    same.args = args
    this.counts.coalesced++
    return true
  }

  #dropOldest(): boolean {
    if (this.#options.overflow !== 'drop-oldest' || this.#backlog.dropOldest() === undefined) return false
    this.counts.oldest++
    return true
  }

  #overflow(): QueueOverflowError {
    const { name, capacity } = this.#options
    return new QueueOverflowError({ queue: name === undefined ? 'dispatcher' : `dispatcher '${name}'`, capacity })
  }

  #run(job: Job): void {
    this.counts.delivered++
    if (job === this.#probed?.job) this.ages.add(this.#options.clock.now() - this.#probed.acceptedAt)
    if (job.call === undefined) this.#runPosted(job)
    else this.#runCall(job, job.call)
  }

  #runPosted(job: Job): void {
    try {
      const result = job.fn(...job.args)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#errors.report(error, { kind: 'post' }))
    } catch (error) {
      this.#errors.report(error, { kind: 'post' })
    }
  }

  #runCall(job: Job, call: LoopCall): void {
    this.current = call
    try {
      const result = job.fn()
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
      this.#onProgress()
    }
    result.then(
      (value) => settle(() => call.settlement.resolve(value)),
      (error: unknown) => settle(() => call.settlement.reject(error)),
    )
  }
}
