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

const SINGLE = 1
const SEVERAL = 2
const CALL = 3

/**
 * For policies that never take anything back: three places in a queue for each function, and no object of its own, so
 * that a million of them cost the garbage collector nothing.
 */
export class PlainJobs implements JobStore {
  readonly #cells = new ItemQueue<unknown>()
  #length = 0

  get length(): number {
    return this.#length
  }

  push(fn: AnyFunction, args: readonly unknown[]): void {
    const isSingle = args.length === 1
    this.#add(fn, isSingle ? args[0] : args, isSingle ? SINGLE : SEVERAL)
  }

  pushCall(job: Job): void {
    this.#add(job.fn, job, CALL)
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
    for (;;) {
      turn.fn = cells.shift() as AnyFunction
      const args = cells.shift()
      const kind = cells.shift()
      turn.isSingle = kind === SINGLE
      turn.args = args
      turn.call = undefined
      if (kind !== CALL) break
      const job = args as Job
      if (job.isGone) continue
      job.isGone = true
      turn.args = job.args
      turn.call = job.call
      break
    }
    this.#length--
  }

  #add(fn: AnyFunction, args: unknown, kind: number): void {
    this.#cells.push(fn)
    this.#cells.push(args)
    this.#cells.push(kind)
    this.#length++
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
