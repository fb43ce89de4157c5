import { XError } from './x-error.ts'

/** An option that only works on the owner's loop was given together with `mode: 'thread'`. Thrown at construction. */
export class ModeOptionError extends XError {
  override readonly name = 'ModeOptionError'
  readonly code = 'LOOP_THREAD_OPTION'
  /** The dotted path of the option. */
  readonly option: string
  readonly mode = 'thread'

  /** `advice` completes the message: what to give instead. Default: use loop mode, or a ModuleRef. */
  constructor(option: string, advice = "use mode 'loop', or give data or a module reference instead") {
    super(`option ${option} holds a function or live object, which cannot cross to mode 'thread'; ${advice}`)
    this.option = option
  }
}
