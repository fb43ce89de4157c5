import type { LinkCloseReport } from '../channel/contract.ts'
import { FacadeEnd, type FacadeSeat } from '../channel/facade-end.ts'
import type { Clock } from '../clock/clock.ts'
import { WorkerCrashedError } from '../errors/worker-crashed-error.ts'
import type { Place, Placer, PlaceRequest, ThreadExit } from './placer.ts'
import { settlesWithin } from './settles-within.ts'

/** What a life is made of, beside its place. */
export interface LifeParts extends Omit<FacadeSeat, 'up' | 'down' | 'limits' | 'clock'> {
  readonly placer: Placer
  readonly request: Omit<PlaceRequest, 'onCrash' | 'onRefused'>
  /** The engine's thread is gone, and the life knows. */
  readonly onCrash: (life: EngineLife) => void
}

/** How a life is to end. */
export interface Retirement {
  /** Whether accepted events are delivered first. */
  readonly drain: boolean
  readonly deadlineMs: number
}

/** One engine from its placing to its end, by disposal or by the death of its thread. */
export class EngineLife {
  readonly end: FacadeEnd
  readonly #place: Place
  readonly #clock: Clock
  #isReleased = false

  private constructor(end: FacadeEnd, place: Place, clock: Clock) {
    this.end = end
    this.#place = place
    this.#clock = clock
  }

  /** Rejects when the host has no place. */
  static async open({ onCrash, placer, request, ...seat }: LifeParts): Promise<EngineLife> {
    const { clock } = placer
    const { limits } = request
    const known: { life?: EngineLife; exit?: ThreadExit } = {}
    const place = await placer.open({
      ...request,
      onCrash: (exit) => {
        known.exit = exit
        if (known.life === undefined) return
        known.life.#crash(exit)
        onCrash(known.life)
      },
      onRefused: (message, error) => known.life?.end.substituteFor(message, error),
    })
    const end = new FacadeEnd({ ...seat, up: place.up, down: place.down, limits, clock })
    end.started.catch(() => undefined) // whoever awaits it gets the rejection, too
    const life = new EngineLife(end, place, clock)
    known.life = life
    if (known.exit !== undefined) life.#crash(known.exit)
    return life
  }

  /** Has the engine disposed of, unless it is gone, and gives its place back. Never rejects. */
  async retire({ deadlineMs, drain }: Retirement): Promise<Pick<LinkCloseReport, 'isDisposed' | 'rejectedCalls'>> {
    const { end } = this
    const rejectedBefore = end.rejectedCalls
    if (!drain) end.abandon()
    end.resume()
    end.askToClose()
    const isInTime = await settlesWithin(end.ended, deadlineMs, this.#clock)
    if (!isInTime) await end.cutOff()
    if (!this.#isReleased) this.#place.release(isInTime)
    this.#isReleased = true
    return {
      isDisposed: isInTime && !end.hasFailed && end.crashedBy === undefined,
      rejectedCalls: end.rejectedCalls - rejectedBefore,
    }
  }

  #crash(exit: ThreadExit): void {
    this.end.crash(new WorkerCrashedError({ ...exit, maybeExecuted: true, pendingCalls: this.end.pendingCalls }))
  }
}
