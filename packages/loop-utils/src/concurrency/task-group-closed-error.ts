import { XError } from '../errors/x-error.ts'

/** A task was given to a group that has ended. It was not called. */
export class TaskGroupClosedError extends XError {
  override readonly name = 'TaskGroupClosedError'
  readonly code = 'LOOP_TASK_GROUP_CLOSED'
  readonly group: string

  constructor(group: string) {
    super(`${group} has ended; make a new one for further tasks`)
    this.group = group
  }
}
