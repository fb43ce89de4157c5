import type { Clock } from '../clock/clock.ts'
import type { CallOptions } from '../channel/contract.ts'
import { type Request, Requests } from '../channel/requests.ts'
import { TimeoutError } from '../errors/timeout-error.ts'

interface HeldCall {
  readonly request: Request
  readonly transfer: readonly ArrayBuffer[] | undefined
  /** Set once the call was sent on. */
  giveUp?: AbortController
}

/** How a held call is made once there is an engine. */
export type MakeCall = (command: string, input: unknown, options: CallOptions) => Promise<unknown>

/** Calls that were made while there was no engine: they wait, were never sent, and keep their signals and timeouts. */
export class HeldCalls {
  readonly #requests: Requests
  readonly #held = new Map<number, HeldCall>()
  readonly #clock: Clock

  constructor(engine: string, maxPending: number, clock: Clock) {
    this.#clock = clock
    this.#requests = new Requests({
      clock,
      queue: `calls to engine '${engine}'`,
      maxPending,
      send: (request, transfer) => {
        this.#held.set(request.id, { request, transfer })
      },
      giveUp: (id) => {
        this.#held.get(id)?.giveUp?.abort()
        this.#held.delete(id)
      },
    })
  }

  get size(): number {
    return this.#requests.size
  }

  hold(command: string, input: unknown, options: CallOptions | undefined): Promise<unknown> {
    return this.#requests.request(command, input, options)
  }

  /** Makes all of them, in order. */
  release(call: MakeCall): void {
    for (const [id, held] of this.#held) {
      if (held.giveUp !== undefined) continue
      held.giveUp = new AbortController()
      call(held.request.name, held.request.input, this.#optionsOf(held, held.giveUp.signal)).then(
        (value) => {
          this.#held.delete(id)
          this.#requests.resolve(id, value)
        },
        (error: unknown) => {
          this.#held.delete(id)
          // the timer of the held call is due as well, and tells the time that was given
          if (error instanceof TimeoutError && this.#isOver(held.request)) return
          this.#requests.reject(id, () => error)
        },
      )
    }
  }

  /** Rejects them, and whatever comes; returns how many waited. */
  close(reason: Error): number {
    this.#held.clear()
    return this.#requests.close(reason)
  }

  #isOver({ deadline = Infinity }: Request): boolean {
    return this.#clock.now() >= deadline
  }

  #optionsOf({ request, transfer }: HeldCall, signal: AbortSignal): CallOptions {
    const { deadline } = request
    return {
      signal,
      ...(deadline === undefined ? {} : { timeoutMs: Math.max(0, deadline - this.#clock.now()) }),
      ...(transfer === undefined ? {} : { transfer }),
    }
  }
}
