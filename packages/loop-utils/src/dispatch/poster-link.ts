import { LaneClosedError, NotPlainError, toPlainError } from '../errors/index.ts'
import type { Clock } from '../clock/index.ts'
import {
  type LaneEnd,
  type LaneReader,
  type LaneWriter,
  createPortLane,
  openLaneReader,
  openLaneWriter,
} from '../lane/index.ts'
import { isThenable } from '../policy/race.ts'
import type { AgeHistogram } from './age-histogram.ts'
import { CallFacts } from './call-facts.ts'
import { toNotPlainError } from './clone-failure.ts'
import { HandlerMissingError } from './dispatch-errors.ts'
import { type SourceCounts, noCounts } from './dispatch-stats.ts'
import type { DispatchInfo, ResolvedConnectOptions } from './dispatcher-options.ts'
import type { ErrorSink } from './error-sink.ts'
import type { AnyHandler, HandlerRegistry } from './handlers.ts'
import { windowOf } from './poster-handle.ts'
import { SharedState } from './shared-state.ts'
import {
  CANCEL,
  CLOSING,
  type DownItem,
  FAILURE,
  MOST_NAMES,
  REFUSED,
  type RefusedItem,
  RESULT,
  type UpItem,
} from './wire.ts'

/** One in this many items looks how many wait behind it, and tells those who wait for them. */
const SAMPLING = 16

/** What a dispatcher lends to each of its links. */
export interface LinkContext {
  readonly registry: HandlerRegistry
  readonly errors: ErrorSink
  readonly ages: AgeHistogram
  readonly clock: Clock
  readonly sliceMs: number
  /** Something was delivered, answered or ended. */
  onProgress(): void
  onEnded(link: PosterLink): void
}

/** A call of a poster whose handler is run. */
interface RunningCall {
  readonly name: string
  readonly call: number
  readonly facts: CallFacts
}

/** The dispatcher's end of one poster: runs its items and answers its calls. */
export class PosterLink {
  readonly handles: {
    readonly up: ReturnType<typeof createPortLane>
    readonly down: ReturnType<typeof createPortLane>
  }
  readonly state: SharedState = new SharedState()
  readonly counts: SourceCounts = noCounts()
  maxDepth = 0
  /** Items that have had their turn, those that only concern the link included. */
  handled = 0
  /** The call whose handler is being run. */
  current: CallFacts | undefined
  readonly #context: LinkContext
  readonly #name: string | undefined
  readonly #up: LaneReader<UpItem>
  readonly #down: LaneWriter<DownItem>
  readonly #names: string[] = []
  readonly #running = new Map<number, CallFacts>()
  #named = 0
  #end: LaneEnd | undefined
  #isEnded = false

  constructor(options: ResolvedConnectOptions, context: LinkContext) {
    this.#context = context
    this.#name = options.name
    const { sliceMs } = context
    this.handles = {
      up: createPortLane({ highWaterMark: windowOf(options), sliceMs }),
      down: createPortLane({ sliceMs }),
    }
    this.#up = openLaneReader<UpItem>(this.handles.up.reader, { weight: options.priority })
    this.#down = openLaneWriter<DownItem>(this.handles.down.writer, {
      onRefused: (item, error) => this.#onRefusedAnswer(item, error),
    })
    this.#up.open({ item: (item) => this.#receive(item), end: (reason) => this.#onEnd(reason) })
  }

  get depth(): number {
    return this.#up.depth
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get runningCalls(): number {
    return this.#running.size
  }

  /** What {@link handled} will be once everything that has arrived up to now has had its turn. */
  get target(): number {
    return this.handled + this.depth
  }

  /** All counts, those that the poster keeps included. */
  get allCounts(): SourceCounts {
    return { ...this.counts, ...this.state.counts }
  }

  ref(): void {
    this.#up.ref()
  }

  unref(): void {
    this.#up.unref()
  }

  /** Asks the poster to take nothing more, and to send what it has accepted. */
  askToClose(): void {
    this.state.close()
    if (!this.state.isAttached) {
      this.discard()
      return
    }
    if (!this.#down.isOpen) return
    this.#down.write([0, CLOSING])
    this.#down.commit()
  }

  /** Ends at once. Returns what was given up. */
  discard(): { readonly discarded: number; readonly rejected: number } {
    if (this.#isEnded) return { discarded: 0, rejected: 0 }
    this.state.close()
    const rejected = Math.max(this.state.pendingCalls, this.#running.size)
    this.#abortRunning()
    const discarded = this.depth
    this.counts.discarded += discarded
    this.#up.close()
    this.#finish()
    return { discarded, rejected }
  }

  #receive(item: UpItem): void {
    this.handled++
    const [handler] = item
    if (typeof handler === 'string') this.#learn(handler)
    if (handler === CANCEL) this.#cancel(item[1] as number)
    else if (handler === REFUSED) this.#onRefusedItem(item)
    else this.#run(typeof handler === 'string' ? handler : (this.#names[handler] as string), item)
    // who waits is told some at a time, and after the last
    if (this.handled % SAMPLING === 0 || this.depth === 0) this.#context.onProgress()
  }

  #run(name: string, item: UpItem): void {
    const head = item[1]
    const call = typeof head === 'number' ? head : head[0]
    this.counts.delivered++
    if (this.handled % SAMPLING === 0) this.maxDepth = Math.max(this.maxDepth, this.depth + 1)
    if (call < 0) this.#context.ages.add(this.#context.clock.now() + call)
    const handler = this.#context.registry.get(name)
    if (handler === undefined) this.#onUnknown(name, call)
    else if (call <= 0) this.#runEvent(name, handler, item)
    else this.#runCall({ name, call, facts: factsOf(head) }, handler, item)
  }

  #cancel(call: number): void {
    this.#running.get(call)?.abort(new DOMException('the caller gave up', 'AbortError'))
  }

  #learn(name: string): void {
    this.#names[this.#named++ % MOST_NAMES] = name
  }

  /** A call that was refused has been rejected over there. */
  #onRefusedItem(item: UpItem): void {
    const [, call, name, isNew, path, found] = item as RefusedItem
    if (isNew) this.#learn(name)
    if (call > 0) return
    this.counts.refused++
    this.#report(new NotPlainError(path, found), 'emit', name)
  }

  #runEvent(name: string, handler: AnyHandler, item: UpItem): void {
    try {
      const result = invoke(handler, item)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(error, 'emit', name))
    } catch (error) {
      this.#report(error, 'emit', name)
    }
  }

  #runCall(running: RunningCall, handler: AnyHandler, item: UpItem): void {
    this.current = running.facts
    try {
      const result = invoke(handler, item)
      if (isThenable(result)) this.#follow(running, result)
      else this.#answer([running.call, RESULT, result])
    } catch (error) {
      this.#answer([running.call, FAILURE, toPlainError(error)])
    } finally {
      this.current = undefined
    }
  }

  #follow({ name, call, facts }: RunningCall, result: PromiseLike<unknown>): void {
    this.#running.set(call, facts)
    const settle = (answer: DownItem): boolean => {
      const isWanted = this.#running.delete(call) && this.#answer(answer)
      if (this.#end !== undefined && this.#running.size === 0) this.#finish()
      this.#context.onProgress()
      return isWanted
    }
    // a promise is taken as it is; what only looks like one gets the manners of one
    Promise.resolve(result).then(
      (value) => settle([call, RESULT, value]),
      (error: unknown) => {
        if (!settle([call, FAILURE, toPlainError(error)])) this.#report(error, 'call', name)
      },
    )
  }

  /** False when nobody is there to get it. */
  #answer(answer: DownItem): boolean {
    if (!this.#down.isOpen) return false
    try {
      this.#down.write(answer)
      return true
    } catch (error) {
      if (error instanceof LaneClosedError || answer[1] !== RESULT) return false
      // the result throws when it is read
      return this.#answer([answer[0], FAILURE, toPlainError(error)])
    }
  }

  #onRefusedAnswer([call, , value]: DownItem, error: unknown): DownItem {
    return [call, FAILURE, toPlainError(toNotPlainError({ value, error, path: 'result' }))]
  }

  #onUnknown(name: string, call: number): void {
    this.counts.unknown++
    this.counts.delivered--
    const error = new HandlerMissingError(name)
    if (call <= 0) this.#report(error, 'emit', name)
    else this.#answer([call, FAILURE, toPlainError(error)])
  }

  #report(error: unknown, kind: DispatchInfo['kind'], handler: string): void {
    const poster = this.#name
    this.#context.errors.report(error, poster === undefined ? { kind, handler } : { kind, handler, poster })
  }

  #onEnd(reason: LaneEnd): void {
    this.#end = reason
    if (reason !== 'writer-closed') this.#abortRunning()
    if (this.#running.size === 0) this.#finish()
  }

  /** Nobody waits for these any more. */
  #abortRunning(): void {
    const running = [...this.#running.values()]
    this.#running.clear()
    for (const signal of running) signal.abort(new DOMException('the caller is gone', 'AbortError'))
  }

  #finish(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#down.close()
    this.#context.onEnded(this)
    this.#context.onProgress()
  }
}

function factsOf(head: UpItem[1]): CallFacts {
  return new CallFacts(typeof head === 'number' ? Infinity : head[1])
}

/** Calls a handler with the arguments of an item; the common lengths without another array. */
function invoke(handler: AnyHandler, item: UpItem): unknown {
  switch (item.length) {
    case 2:
      return handler()
    case 3:
      return handler(item[2])
    case 4:
      return handler(item[2], item[3])
    default:
      return handler(...item.slice(2))
  }
}
