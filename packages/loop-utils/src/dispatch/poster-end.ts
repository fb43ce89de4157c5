import { threadId } from 'node:worker_threads'
import { QueueOverflowError, WorkerCrashedError } from '../errors/index.ts'
import { onWorkerExit } from '../host/worker-exit.ts'
import { type LaneEnd, type PortLaneReader, openLaneReader } from '../lane/index.ts'
import { type CallLimit, toSharedTime } from './call-limit.ts'
import { checkCallOptions, Settlement } from './calls.ts'
import { WrongThreadError } from './dispatch-errors.ts'
import { type OutItem, Outbox, Outgoing } from './outbox.ts'
import { type PendingCall, PendingCalls } from './pending-calls.ts'
import type { PosterHandle } from './poster-handle.ts'
import type { PosterCallOptions } from './poster.ts'
import type { ResolvedAttachOptions } from './poster-options.ts'
import { SharedState } from './shared-state.ts'
import { WakefulWait } from './wakeful-wait.ts'
import { AGE_SAMPLING, CLOSING, type DownItem, RESULT } from './wire.ts'

/** A call as it was accepted, checked. */
interface CallToSend {
  readonly handler: string
  readonly args: readonly unknown[]
  readonly limit: CallLimit
  readonly transfer: PosterCallOptions['transfer']
}

/** A poster without the types of its handlers. */
export class PosterEnd implements AsyncDisposable {
  readonly #handle: PosterHandle
  readonly #options: ResolvedAttachOptions
  readonly #state: SharedState
  readonly #outbox: Outbox
  readonly #down: PortLaneReader<DownItem>
  readonly #pending: PendingCalls
  readonly #ended: Promise<void>
  readonly #keyOf: ((handler: string, args: readonly unknown[]) => string) | undefined
  readonly #canTakeBack: boolean
  readonly #onEnded: () => void
  #exitCode: number | undefined
  readonly #wakeful = new WakefulWait()
  #exitWatch: Disposable | undefined
  #isBlocking = false
  #emitted = 0
  #closing: Promise<void> | undefined

  constructor(handle: PosterHandle, options: ResolvedAttachOptions) {
    const { overflow } = handle.options
    const state = new SharedState(handle.state)
    this.#handle = handle
    this.#state = state
    this.#options = options
    this.#canTakeBack = overflow === 'drop-oldest' || overflow === 'coalesce'
    this.#keyOf = overflow === 'coalesce' ? (options.coalesceBy ?? ((handler) => handler)) : undefined
    this.#outbox = new Outbox(handle, state, {
      mayBlock: options.mayBlock,
      onRefusedCall: (call, reason) => this.#pending.take(call)?.reject(reason),
    })
    this.#down = openLaneReader<DownItem>(handle.down)
    // a thread that waits for answers must not end for want of other work
    this.#pending = new PendingCalls(state, (count) => {
      if (count > 0) {
        this.#down.ref()
        return
      }
      this.#wakeful.end()
      if (this.#closing === undefined) this.#down.unref()
    })
    let onEnded!: () => void
    this.#ended = new Promise((resolve) => {
      onEnded = resolve
    })
    this.#onEnded = onEnded
    if (options.worker !== undefined) {
      this.#exitWatch = onWorkerExit(options.worker, (code) => {
        this.#exitCode = code
      })
    }
    this.#down.open({ item: (item) => this.#receive(item), end: (reason) => this.#onEnd(reason) })
  }

  get depth(): number {
    return this.#outbox.depth
  }

  get isOpen(): boolean {
    return this.#outbox.isOpen
  }

  get isOwnerThread(): boolean {
    return threadId === this.#handle.ownerThreadId
  }

  assertOwner(): void {
    if (this.isOwnerThread) return
    const owner = this.#handle.ownerThreadId
    throw new WrongThreadError(`this belongs to thread ${owner}; emit, post or call instead`, threadId)
  }

  emit(handler: string, ...args: unknown[]): boolean {
    const outbox = this.#outbox
    if (!outbox.isOpen) return false
    const transfer = this.#handle.options.transfer ? movableOf(args) : undefined
    const call = this.#emitted++ % AGE_SAMPLING === 0 ? -this.#options.clock.now() : 0
    const item: OutItem = args.length === 1 ? [handler, call, args[0]] : [handler, call, ...args]
    if (outbox.hasRoom()) return outbox.send(item, transfer)
    const key = this.#keyOf?.(handler, args)
    return outbox.overflow(new Outgoing(item, { transfer, key, isDroppable: this.#canTakeBack }))
  }

  async post(handler: string, ...args: unknown[]): Promise<void> {
    if (!this.#outbox.isOpen) throw this.#outbox.closedError
    const transfer = this.#handle.options.transfer ? movableOf(args) : undefined
    const outgoing = new Outgoing([handler, 0, ...args], { transfer })
    await new Promise<void>((resolve, reject) => {
      outgoing.onSent = resolve
      outgoing.onLost = reject
      this.#outbox.certain(outgoing)
    })
  }

  async call(handler: string, args: readonly unknown[], options: PosterCallOptions = {}): Promise<unknown> {
    const end = checkCallOptions(options)
    end.signal?.throwIfAborted()
    const settlement = new Settlement<unknown>()
    const { id, outgoing } = this.#send({ handler, args, limit: end.limit, transfer: options.transfer }, settlement)
    settlement.limit({ ...end, clock: this.#options.clock, what: `call of '${handler}'` }, () => {
      this.#giveUp(id, outgoing)
    })
    this.#wakeful.begin()
    return settlement.promise
  }

  callSync(handler: string, args: readonly unknown[], options: Omit<PosterCallOptions, 'signal'> = {}): unknown {
    if (!this.#outbox.mayBlock) {
      throw new WrongThreadError(
        'callSync blocks, which the main thread and the thread of the dispatcher must not; await call()',
        threadId,
      )
    }
    const { limit } = checkCallOptions(options)
    const outcome = new SyncOutcome()
    const { id, outgoing } = this.#send({ handler, args, limit, transfer: options.transfer }, outcome)
    const until = performance.now() + limit.ms
    this.#outbox.blockForRoom(outgoing.isGone ? 0 : limit.ms)
    this.#outbox.commit()
    this.#isBlocking = true
    try {
      for (let left = until - performance.now(); left > 0 && !outcome.isSettled; left = until - performance.now()) {
        this.#down.deliverSync(left)
      }
    } finally {
      this.#isBlocking = false
    }
    if (outcome.isSettled) return outcome.take()
    this.#giveUp(id, outgoing)
    throw limit.toError(`call of '${handler}'`)
  }

  flush(): void {
    this.#outbox.commit()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    // the dispatcher answers when it has delivered everything, which may be all that this thread waits for
    this.#down.ref()
    await this.#outbox.finish()
    await this.#ended
  }

  #send(
    { handler, args, limit, transfer }: CallToSend,
    outcome: Pick<PendingCall, 'resolve' | 'reject'>,
  ): { readonly id: number; readonly outgoing: Outgoing } {
    const { maxCalls, name } = this.#handle.options
    if (!this.#outbox.isOpen) throw this.#outbox.closedError
    if (this.#pending.size >= maxCalls) {
      this.#state.count('overflow')
      const queue = `calls of poster${name === undefined ? '' : ` '${name}'`}`
      throw new QueueOverflowError({ queue, capacity: maxCalls })
    }
    const moved = transfer ?? (this.#handle.options.transfer ? movableOf(args) : undefined)
    const id = this.#pending.add({
      resolve: (value) => outcome.resolve(value),
      reject: (reason) => outcome.reject(reason),
      isSent: () => outgoing.isGone,
    })
    const head = limit.ms === Infinity ? id : ([id, toSharedTime(limit.ms)] as const)
    const outgoing = new Outgoing([handler, head, ...args], { transfer: moved })
    outgoing.onLost = (reason) => this.#pending.take(id)?.reject(reason)
    try {
      this.#outbox.certain(outgoing)
    } catch (error) {
      this.#pending.take(id)
      throw error
    }
    return { id, outgoing }
  }

  #giveUp(id: number, outgoing: Outgoing): void {
    this.#pending.take(id)
    if (!this.#outbox.withdraw(outgoing)) this.#outbox.cancel(id)
  }

  #receive(item: DownItem): void {
    const [id, kind, value] = item
    if (kind === CLOSING) {
      this.#outbox.close(this.#outbox.closedError)
      return
    }
    const call = this.#pending.take(id)
    if (call === undefined) return
    if (kind === RESULT) call.resolve(value)
    else call.reject(this.#options.revival.revive(value))
  }

  #onEnd(reason: LaneEnd): void {
    if (reason === 'writer-died') {
      const { worker, clock } = this.#options
      this.#outbox.close(this.#crash())
      // a thread that blocks cannot wait for the exit code
      this.#pending.rejectCrashed({ thread: this.#isBlocking ? undefined : worker, exitCode: this.#exitCode }, clock)
    } else {
      this.#outbox.close(this.#outbox.closedError)
      this.#pending.rejectAll(this.#outbox.closedError)
    }
    this.#exitWatch?.[Symbol.dispose]()
    this.#onEnded()
  }

  /** For what was never sent: it has not run for sure. */
  #crash(): WorkerCrashedError {
    return new WorkerCrashedError({ exitCode: this.#exitCode ?? -1, maybeExecuted: false })
  }
}

/** The outcome of a call that its thread blocks for. */
class SyncOutcome {
  #outcome: { readonly value: unknown } | { readonly reason: unknown } | undefined

  get isSettled(): boolean {
    return this.#outcome !== undefined
  }

  resolve(value: unknown): void {
    this.#outcome = { value }
  }

  reject(reason: unknown): void {
    this.#outcome = { reason }
  }

  take(): unknown {
    const outcome = this.#outcome
    if (outcome !== undefined && 'reason' in outcome) throw outcome.reason
    return outcome?.value
  }
}

/** The buffers that arguments own as a whole. */
function movableOf(args: readonly unknown[]): readonly ArrayBuffer[] | undefined {
  let buffers: Set<ArrayBuffer> | undefined
  for (const arg of args) {
    const buffer = wholeBufferOf(arg)
    if (buffer === undefined || buffer.byteLength === 0) continue
    buffers ??= new Set()
    buffers.add(buffer)
  }
  return buffers === undefined ? undefined : [...buffers]
}

function wholeBufferOf(value: unknown): ArrayBuffer | undefined {
  if (value instanceof ArrayBuffer) return value
  if (!ArrayBuffer.isView(value) || !(value.buffer instanceof ArrayBuffer)) return undefined
  return value.byteLength === value.buffer.byteLength ? value.buffer : undefined
}
