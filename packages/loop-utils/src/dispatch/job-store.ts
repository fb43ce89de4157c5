import { ItemQueue } from '../lane/item-queue.ts'
import { Backlog, type Waiting } from './backlog.ts'
import type { LoopCall } from './calls.ts'

export type AnyFunction = (...args: unknown[]) => unknown

/** A function and its arguments that wait for their turn, as far as somebody may want to take them back. */
export class Job implements Waiting {
  fn: AnyFunction
  args: readonly unknown[]
  readonly key: unknown
  /** Who waits for the outcome, if anybody does. */
  readonly call: LoopCall | undefined
  isGone = false

  constructor(fn: AnyFunction, args: readonly unknown[], options: Pick<Job, 'key' | 'call'>) {
    this.fn = fn
    this.args = args
    this.key = options.key
    this.call = options.call
  }

  get isDroppable(): boolean {
    return this.call === undefined
  }
}

/** What has its turn now; one object that is filled again and again. */
export interface Turn {
  fn: AnyFunction
  /** The arguments, or the only one. */
  args: unknown
  isSingle: boolean
  call: LoopCall | undefined
}

/** Functions in the order in which they were posted. */
export interface JobStore {
  readonly length: number
  push(fn: AnyFunction, args: readonly unknown[], key: unknown): void
  pushCall(job: Job): void
  /** Takes out a call that waits; false when it has had its turn. */
  remove(job: Job): boolean
  /** Takes the oldest; ask {@link length} first. */
  shift(turn: Turn): void
}

/** Stands for the arguments of a function that has not exactly one. */
class Several {
  readonly args: readonly unknown[]

  constructor(args: readonly unknown[]) {
    this.args = args
  }
}

/**
 * For policies that never take anything back: two places in a queue for each function, and with one argument no object
 * of its own, so that a million of them cost the garbage collector nothing.
 */
export class PlainJobs implements JobStore {
  readonly #cells = new ItemQueue<unknown>()
  #length = 0

  get length(): number {
    return this.#length
  }

  push(fn: AnyFunction, args: readonly unknown[]): void {
    this.#cells.push(fn)
    this.#cells.push(args.length === 1 ? args[0] : new Several(args))
    this.#length++
  }

  pushCall(job: Job): void {
    this.#cells.push(job.fn)
    this.#cells.push(job)
    this.#length++
  }

  remove(job: Job): boolean {
    if (job.isGone) return false
    // its cells stay until their turn
    job.isGone = true
    this.#length--
    return true
  }

  shift(turn: Turn): void {
    const cells = this.#cells
    let isGone = false
    do {
      turn.fn = cells.shift() as AnyFunction
      const args = cells.shift()
      turn.isSingle = !(args instanceof Several) && !(args instanceof Job)
      turn.args = turn.isSingle ? args : (args as Several | Job).args
      turn.call = args instanceof Job ? args.call : undefined
      isGone = args instanceof Job && args.isGone
      if (args instanceof Job) args.isGone = true
    } while (isGone)
    this.#length--
  }
}

/** For policies that drop the oldest or replace one. */
export class TakeableJobs implements JobStore {
  readonly #backlog: Backlog<Job>

  constructor(options: { readonly dropsOldest: boolean }) {
    this.#backlog = new Backlog(options)
  }

  get length(): number {
    return this.#backlog.length
  }

  push(fn: AnyFunction, args: readonly unknown[], key: unknown): void {
    this.#backlog.push(new Job(fn, args, { key, call: undefined }))
  }

  pushCall(job: Job): void {
    this.#backlog.push(job)
  }

  remove(job: Job): boolean {
    return this.#backlog.remove(job)
  }

  shift(turn: Turn): void {
    const job = this.#backlog.shift()
    if (job === undefined) return
    turn.fn = job.fn
    turn.args = job.args
    turn.isSingle = false
    turn.call = job.call
  }

  /** Drops the oldest that is no call; false when there is none. */
  dropOldest(): boolean {
    return this.#backlog.dropOldest() !== undefined
  }

  /** Puts a function in the place of the one with its key; false when none waits. */
  replace(fn: AnyFunction, args: readonly unknown[], key: unknown): boolean {
    const same = this.#backlog.find(key)
    if (same === undefined) return false
    same.fn = fn
    same.args = args
    return true
  }
}
