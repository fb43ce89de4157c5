import type { Clock } from '../clock/clock.ts'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkDeadline, checkObject, checkSignal } from '../errors/option-checks.ts'
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
  /** What aborts it from outside: the scope around it, or at the root the caller's signal. */
  readonly source: CallScope | AbortSignal | undefined
  readonly attempt: number
  readonly deadline: Deadline | undefined
  /** Whether a policy ends the call when the deadline passes. */
  readonly isDeadlineKept: boolean
  readonly isPassive: boolean
}

/** The root of an execution whose caller gave nothing. */
const BARE_ROOT: ScopeFacts = {
  source: undefined,
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
  private readonly source: CallScope | AbortSignal | undefined
  /** Mostly there is one, for which no set is made. */
  private listener: (() => void) | undefined
  private moreListeners: Set<() => void> | undefined
  private controller: AbortController | undefined
  /** What lets go of `source`; set for good once there is nothing to follow any more. */
  private unlink: (() => void) | undefined
  private abortion: { readonly reason: unknown } | undefined

  private constructor({ source, attempt, deadline, isDeadlineKept, isPassive }: ScopeFacts) {
    this.source = source
    this.attempt = attempt
    this.deadline = deadline
    this.isDeadlineKept = isDeadlineKept
    this.isAbortable = !isPassive || source !== undefined
    this.listener = undefined
    this.moreListeners = undefined
    this.controller = undefined
    this.unlink = undefined
    this.abortion = undefined
  }

  /** The root of an execution, with what the caller gave. Whoever enters it closes it when the execution has settled. */
  static enter(options?: ExecuteOptions): CallScope {
    if (options === undefined) return new CallScope(BARE_ROOT)
    const { attempt = 1, deadline } = checkObject(options) as Partial<CallContext>
    checkDeadline('deadline', deadline)
    return new CallScope({ ...BARE_ROOT, source: checkSignal('signal', options.signal), attempt, deadline })
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
  child({ attempt = this.attempt, deadline, isPassive = false }: ChildScope): CallScope {
    return new CallScope({
      source: this.isAbortable ? this : undefined,
      attempt,
      deadline: deadline ?? this.deadline,
      isDeadlineKept: deadline !== undefined || this.isDeadlineKept,
      isPassive,
    })
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
      this.controller = new AbortController()
      if (this.aborted) this.controller.abort(this.reason)
      else this.link()
    }
    return this.controller.signal
  }

  /** Aborts this scope, which is not a passive one, and those within. */
  abort(reason: unknown): void {
    if (this.abortion !== undefined) return
    this.abortion = { reason }
    const { listener, moreListeners = [] } = this
    this.close()
    listener?.()
    for (const further of moreListeners) further()
    this.controller?.abort(reason)
  }

  /** Calls `listener` at the abort, or now when it has happened. */
  listen(listener: () => void): void {
    if (this.aborted) listener()
    else if (this.isAbortable) {
      if (this.listener === undefined) this.listener = listener
      else (this.moreListeners ??= new Set()).add(listener)
      this.link()
    }
  }

  /** Takes {@link listen} back. */
  forget(listener: () => void): void {
    if (this.listener === listener) this.listener = undefined
    else this.moreListeners?.delete(listener)
  }

  /** As {@link listen}; returns how to take it back. */
  onAbort(listener: () => void): () => void {
    this.listen(listener)
    return () => this.forget(listener)
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

  /** Lets go of what is around it: the execution has settled. */
  close(): void {
    this.listener = undefined
    this.moreListeners = undefined
    this.unlink?.()
    this.unlink = nothing
  }

  private link(): void {
    if (this.unlink !== undefined || this.source === undefined) return
    const follow = (): void => this.abort(this.reason)
    this.unlink = this.source instanceof CallScope ? this.source.onAbort(follow) : onSignalAbort(this.source, follow)
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
