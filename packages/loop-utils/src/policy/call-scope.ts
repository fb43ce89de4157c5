import type { Clock } from '../clock/clock.ts'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkSignal } from '../errors/option-checks.ts'
import type { Deadline } from '../timeout/deadline.ts'
import type { CallContext, ExecuteOptions } from './policy.ts'

/** What makes a part of an execution. */
export interface ChildScope {
  /** Default: the parent's. */
  readonly attempt?: number
  /** Whoever gives one undertakes to keep it. Default: the parent's. */
  readonly deadline?: Deadline | undefined
  /** Whether nobody aborts it but those around it; listening to it then costs nothing when they cannot. Default false. */
  readonly isPassive?: boolean
}

interface ScopeFacts {
  readonly parent: CallScope | undefined
  /** The caller's signal, at the root. */
  readonly outer: AbortSignal | undefined
  readonly attempt: number
  readonly deadline: Deadline | undefined
  /** Whether a policy ends the call when the deadline passes. */
  readonly isDeadlineKept: boolean
  readonly isPassive: boolean
}

/** The root of an execution whose caller gave nothing. */
const BARE_ROOT: ScopeFacts = {
  parent: undefined,
  outer: undefined,
  attempt: 1,
  deadline: undefined,
  isDeadlineKept: false,
  isPassive: true,
}

/**
 * The cancellation of one execution, or of a part of it. Scopes pass an abort from parent to child by plain callbacks;
 * only the root listens to the caller's AbortSignal, and an AbortController is made only when a function reads `signal`.
 */
export class CallScope implements CallContext {
  readonly attempt: number
  readonly deadline: Deadline | undefined
  readonly isDeadlineKept: boolean
  /** Whether anything could abort it: if not, nobody needs to listen, and none of its parts needs it. */
  readonly isAbortable: boolean
  // private by type only: true private fields would double what a call costs that nobody aborts
  private readonly parent: CallScope | undefined
  private readonly outer: AbortSignal | undefined
  /** Mostly there is one, for which no set is made. */
  private listener: (() => void) | undefined
  private moreListeners: Set<() => void> | undefined
  private controller: AbortController | undefined
  private unlink: (() => void) | undefined
  private isAborted = false
  private isClosed = false
  private abortReason: unknown

  private constructor({ parent, outer, attempt, deadline, isDeadlineKept, isPassive }: ScopeFacts) {
    this.parent = parent?.isAbortable === true ? parent : undefined
    this.outer = outer
    this.attempt = attempt
    this.deadline = deadline
    this.isDeadlineKept = isDeadlineKept
    this.isAbortable = !isPassive || outer !== undefined || this.parent !== undefined
  }

  /**
   * The scope of an execution: a child of the outer policy's, or a root with what the caller gave. Whoever enters it
   * closes it when the execution has settled, and aborts no more than its children.
   */
  static enter(options?: ExecuteOptions): CallScope {
    if (options === undefined) return new CallScope(BARE_ROOT)
    if (options instanceof CallScope) return options.isAbortable ? options.child({ isPassive: true }) : options
    const { attempt = 1, deadline } = options as Partial<CallContext>
    return new CallScope({ ...BARE_ROOT, outer: checkSignal('signal', options.signal), attempt, deadline })
  }

  /**
   * Runs one execution in the scope of the outer policy, which then closes it, or in a root of its own. For a body that
   * by itself leaves no listener behind. What is thrown at the way in rejects.
   */
  static run<T>(options: ExecuteOptions | undefined, body: (scope: CallScope) => Promise<T>): Promise<T> {
    if (options instanceof CallScope) return body(options)
    let root: CallScope
    try {
      root = CallScope.enter(options)
    } catch (error) {
      return Promise.reject(error)
    }
    return root.closeAfter(body(root))
  }

  /** A part of this execution, such as one attempt. */
  child({ attempt = this.attempt, deadline, isPassive = false }: ChildScope): CallScope {
    return new CallScope({
      parent: this,
      outer: undefined,
      attempt,
      deadline: deadline ?? this.deadline,
      isDeadlineKept: deadline !== undefined || this.isDeadlineKept,
      isPassive,
    })
  }

  get aborted(): boolean {
    return this.isAborted || this.parent?.aborted === true || this.outer?.aborted === true
  }

  /** What it was aborted with. */
  get reason(): unknown {
    if (this.isAborted) return this.abortReason
    return this.parent === undefined ? this.outer?.reason : this.parent.reason
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.aborted) this.controller.abort(this.reason)
      else this.link()
    }
    return this.controller.signal
  }

  /** Aborts this scope, which is not a passive one, and those within. */
  abort(reason: unknown): void {
    if (this.isAborted) return
    this.isAborted = true
    this.abortReason = reason
    this.unlinkNow()
    const { listener, moreListeners = [] } = this
    this.forgetListeners()
    listener?.()
    for (const further of moreListeners) further()
    this.controller?.abort(reason)
  }

  /** Calls `listener` at the abort, or now when it has happened. Returns how to take it back. */
  onAbort(listener: () => void): () => void {
    if (this.aborted) {
      listener()
      return nothing
    }
    if (!this.isAbortable) return nothing
    if (this.listener === undefined && this.moreListeners === undefined) this.listener = listener
    else this.addFurther(listener)
    this.link()
    return () => this.remove(listener)
  }

  /** Waits on `clock`; rejects with the reason at the abort. Neither timer nor listener stays behind. */
  wait(clock: Clock, ms: number, options?: { readonly ref?: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(
        () => {
          forget()
          resolve()
        },
        ms,
        options,
      )
      const forget = this.onAbort(() => {
        timer[Symbol.dispose]()
        reject(this.reason)
      })
    })
  }

  /** What settles as `result` does, after the scope was closed. */
  closeAfter<T>(result: Promise<T>): Promise<T> {
    return this.isAbortable ? this.closeLater(result) : result
  }

  private async closeLater<T>(result: Promise<T>): Promise<T> {
    try {
      return await result
    } finally {
      this.close()
    }
  }

  /** Lets go of the parent and the caller's signal: the execution has settled. */
  close(): void {
    this.isClosed = true
    this.forgetListeners()
    this.unlinkNow()
  }

  private addFurther(listener: () => void): void {
    this.moreListeners ??= new Set()
    this.moreListeners.add(listener)
  }

  private remove(listener: () => void): void {
    if (this.listener === listener) this.listener = undefined
    else this.moreListeners?.delete(listener)
  }

  private forgetListeners(): void {
    this.listener = undefined
    this.moreListeners = undefined
  }

  private link(): void {
    if (this.unlink !== undefined || this.isClosed) return
    const follow = (): void => this.abort(this.reason)
    const outer = this.outer
    if (this.parent !== undefined) {
      this.unlink = this.parent.onAbort(follow)
    } else if (outer !== undefined) {
      this.unlink = onSignalAbort(outer, follow)
    }
  }

  private unlinkNow(): void {
    this.unlink?.()
    this.unlink = undefined
  }
}

function nothing(): void {}
