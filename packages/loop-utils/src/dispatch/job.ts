import type { Waiting } from './backlog.ts'
import type { LoopCall } from './calls.ts'

export type AnyFunction = (...args: unknown[]) => unknown

/** A function and its arguments, on their turn in the loop that they were posted from. Small, for there are many. */
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
