import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkDeadline, checkObject, checkSignal } from '../errors/option-checks.ts'
import type { Deadline } from '../timeout/deadline.ts'
import type { CallContext, ExecuteOptions } from './policy.ts'

/** What makes a part of an execution. */
export interface ChildScope {
  /** Default: the parent's. */
  readonly attempt?: number | undefined
  /** Whoever gives one undertakes to keep it. Default: the parent's. */
  readonly deadline?: Deadline | undefined
}

interface ScopeFacts {
  /** What aborts it from outside: the scope around it, or a caller's signal. */
  readonly source?: CallScope | AbortSignal | undefined
  readonly attempt?: number | undefined
  readonly deadline?: Deadline | undefined
  /** Whether a policy ends the call when the deadline passes. */
  readonly isDeadlineKept?: boolean
}

/**
 * The cancellation of one execution, or of a part of it. Scopes pass an abort from parent to child by plain callbacks;
 * only the root listens to the caller's AbortSignal, and an AbortController is made only when a function reads `signal`.
 */
export class CallScope implements CallContext {
  readonly attempt: number
  readonly deadline: Deadline | undefined
  readonly isDeadlineKept: boolean
  // private by type only: true private fields would double what a call costs that nobody aborts
  private readonly source: CallScope | AbortSignal | undefined
  /** Mostly there is one, for which no set is made. */
  private listener: (() => void) | undefined
  private more: Set<() => void> | undefined
  private controller: AbortController | undefined
  /** What lets go of `source`; set for good once there is nothing to follow any more. */
  private unlink: (() => void) | undefined
  private abortion: { readonly reason: unknown } | undefined

  private constructor({ source, attempt = 1, deadline, isDeadlineKept = false }: ScopeFacts) {
    this.source = source
    this.attempt = attempt
    this.deadline = deadline
    this.isDeadlineKept = isDeadlineKept
  }

  /** The root of an execution, with what the caller gave. Whoever enters it closes it when the execution has settled. */
  static enter(options?: ExecuteOptions): CallScope {
    if (options === undefined) return new CallScope({})
    const { attempt, deadline } = checkObject(options) as Partial<CallContext>
    checkDeadline('deadline', deadline)
    return new CallScope({ source: checkSignal('signal', options.signal), attempt, deadline })
  }

  /**
   * Runs one execution in the scope of the outer policy, which then closes it, or in a root of its own. For a body that
   * by itself leaves no listener behind. What is thrown at the way in rejects.
   */
  static run<T>(options: ExecuteOptions | undefined, body: (scope: CallScope) => Promise<T>): Promise<T> {
    if (options === undefined) return body(CallScope.enter())
    return options instanceof CallScope ? body(options) : runInRoot(options, body)
  }

  /** A part of this execution, such as one attempt. */
  child({ attempt = this.attempt, deadline }: ChildScope): CallScope {
    return new CallScope({
      source: this,
      attempt,
      deadline: deadline ?? this.deadline,
      isDeadlineKept: deadline !== undefined || this.isDeadlineKept,
    })
  }

  /** Whether anything could abort it: any but the root of an execution whose caller gave no signal. */
  get isAbortable(): boolean {
    return this.source !== undefined
  }

  get aborted(): boolean {
    return this.abortion !== undefined || this.source?.aborted === true
  }

  /** What it was aborted with. */
  get reason(): unknown {
    return (this.abortion ?? this.source)?.reason
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      const controller = new AbortController()
      this.controller = controller
      this.onAbort(() => controller.abort(this.reason))
    }
    return this.controller.signal
  }

  /** Aborts this scope, which is not a root, and those within. */
  abort(reason: unknown): void {
    if (this.abortion !== undefined) return
    this.abortion = { reason }
    const { listener, more = [] } = this
    listener?.()
    for (const further of more) further()
    this.close()
  }

  /** Calls `listener` at the abort, or now when it has happened; returns how to take that back. */
  onAbort(listener: () => void): () => void {
    if (this.aborted) listener()
    else if (this.isAbortable) {
      if (this.listener === undefined) this.listener = listener
      else (this.more ??= new Set()).add(listener)
      this.unlink ??= this.link()
    }
    return () => {
      if (this.listener === listener) this.listener = undefined
      else this.more?.delete(listener)
    }
  }

  /** Lets go of what is around it: the execution has settled. */
  close(): void {
    this.listener = undefined
    this.more = undefined
    this.unlink?.()
    this.unlink = nothing
  }

  private link(): () => void {
    const { source } = this
    const follow = (): void => this.abort(this.reason)
    if (source instanceof AbortSignal) return onSignalAbort(source, follow)
    return source?.onAbort(follow) ?? nothing
  }
}

async function runInRoot<T>(options: ExecuteOptions, body: (scope: CallScope) => Promise<T>): Promise<T> {
  const root = CallScope.enter(options)
  try {
    return await body(root)
  } finally {
    root.close()
  }
}

function nothing(): void {}
