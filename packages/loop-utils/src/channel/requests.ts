import type { Clock, Timer } from '../clock/clock.ts'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkDuration, checkSignal } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { asPlain } from './as-plain.ts'
import type { CallOptions } from './contract.ts'

/** How requests leave this end, and what bounds them. */
export interface RequestSender {
  readonly clock: Clock
  /** Names all of them in an error, such as `calls to engine 'mqtt'`. */
  readonly queue: string
  /** How many may wait for an answer at once. */
  readonly maxPending: number
  send(request: Request, transfer: readonly ArrayBuffer[] | undefined): void
  /** Tells the other end that nobody waits for the answer any more. */
  giveUp(id: number): void
}

export interface Request {
  readonly id: number
  readonly name: string
  readonly input: unknown
  /** When the asker stops waiting, on the clock that all threads share. */
  readonly deadline: number | undefined
}

interface Patience {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | undefined
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
  forgetAbort?: () => void
  timer?: Timer
}

/**
 * The asking side: what waits for an answer from the other end. Each request settles once: by its answer, its signal's
 * abort with exactly that reason, its timeout, or the end of the link.
 */
export class Requests {
  readonly #sender: RequestSender
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #closedBy: Error | undefined

  constructor(sender: RequestSender) {
    this.#sender = sender
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Rejects, and never throws: with NotPlainError, OptionError, QueueOverflowError, or whatever ended the link. */
  async request(name: string, input: unknown, options: CallOptions = {}): Promise<unknown> {
    const signal = checkSignal('signal', options.signal)
    const timeoutMs = checkTimeout(options.timeoutMs)
    if (this.#closedBy !== undefined) throw this.#closedBy
    signal?.throwIfAborted()
    const { clock, maxPending, queue } = this.#sender
    if (this.#waiting.size >= maxPending) throw new QueueOverflowError({ queue, capacity: maxPending })
    const plain = asPlain(input, `${name}.input`)
    const id = this.#nextId++
    const deadline = timeoutMs === undefined ? undefined : clock.now() + timeoutMs
    this.#sender.send({ id, name, input: plain, deadline }, options.transfer)
    return this.#wait(id, name, { signal, timeoutMs })
  }

  resolve(id: number, value: unknown): void {
    this.#settle(id)?.resolve(value)
  }

  /** `reason` is only worked out when somebody waits. */
  reject(id: number, reason: () => unknown): void {
    this.#settle(id)?.reject(reason())
  }

  /** Rejects everything that waits, and whatever comes; returns how many waited. */
  close(reason: Error): number {
    this.refuse(reason)
    const count = this.#waiting.size
    for (const id of this.#waiting.keys()) this.#settle(id)?.reject(reason)
    return count
  }

  /** Rejects whatever comes; what waits goes on waiting. */
  refuse(reason: Error): void {
    this.#closedBy ??= reason
  }

  #wait(id: number, name: string, { signal, timeoutMs }: Patience): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve, reject }
      this.#waiting.set(id, waiting)
      if (signal !== undefined) {
        waiting.forgetAbort = onSignalAbort(signal, () => this.#leave(id, signal.reason))
      }
      if (timeoutMs !== undefined) {
        const onTimeout = (): void => this.#leave(id, new TimeoutError(timeoutMs, 'call', { what: name }))
        waiting.timer = this.#sender.clock.setTimer(onTimeout, timeoutMs)
      }
    })
  }

  #leave(id: number, reason: unknown): void {
    const waiting = this.#settle(id)
    if (waiting === undefined) return
    waiting.reject(reason)
    this.#sender.giveUp(id)
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    waiting.forgetAbort?.()
    waiting.timer?.[Symbol.dispose]()
    return waiting
  }
}

function checkTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined) return undefined
  const checked = checkDuration('timeoutMs', timeoutMs, { infinite: true })
  return checked === Number.POSITIVE_INFINITY ? undefined : checked
}
