import type { Clock } from '@x/loop-utils/clock'
import type { Link } from '@x/loop-utils/reconnect'
import type { CcuWire } from './ccu-wire.ts'
import type { Pings } from './pings.ts'
import { CcuLostError } from './registration-errors.ts'
import type { SignsOfLife } from './signs-of-life.ts'

/** What keeps a registration under watch. */
export interface WatchContext {
  readonly interfaceId: string
  readonly clock: Clock
  readonly wire: CcuWire
  readonly signs: SignsOfLife
  readonly pings: Pings
  /** Whether pings are sent at all. */
  readonly watchdog: boolean
  readonly pingAfterMs: number
  readonly pongTimeoutMs: number
  readonly maxMissedPongs: number
  /** Told of a ping without a PONG, and how many there were in a row. */
  readonly onMissedPong: (missed: number) => void
  /** Told when the interface answers pings with a fault: then nothing can be said about it. */
  readonly onPingRefused: (cause: unknown) => void
}

/** A registration that stands, until the watchdog has found that it does not or it is closed. */
export class RegisteredLink implements Link {
  readonly closed: Promise<void>
  readonly #context: WatchContext
  readonly #life = new AbortController()

  constructor(context: WatchContext) {
    this.#context = context
    this.closed = this.#watch(this.#life.signal)
    // who keeps the link hears of it; one that is closed at once is heard by nobody
    this.closed.catch(() => undefined)
  }

  close(): void {
    this.#life.abort()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    try {
      if (this.#context.watchdog) await this.#patrol(signal)
      else await this.#context.clock.sleep(Infinity, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** Pings whenever nothing was heard for a while. */
  async #patrol(signal: AbortSignal): Promise<never> {
    const { clock, signs, pingAfterMs, interfaceId, maxMissedPongs } = this.#context
    for (let missed = 0; ;) {
      const { count, silentMs } = signs
      if (missed === 0 && silentMs < pingAfterMs) {
        await clock.sleep(pingAfterMs - silentMs, signal)
        continue
      }
      if (await this.#isAlive(count, signal)) {
        missed = 0
        continue
      }
      missed++
      this.#context.onMissedPong(missed)
      if (missed >= maxMissedPongs) throw new CcuLostError(interfaceId, 'silent')
    }
  }

  async #isAlive(count: number, signal: AbortSignal): Promise<boolean> {
    const { clock, wire, pings, signs, pongTimeoutMs, pingAfterMs, interfaceId } = this.#context
    const startedAt = clock.now()
    const outcome = await wire.ping(pings.next(), signal)
    if (outcome.kind === 'unreachable') throw new CcuLostError(interfaceId, 'unreachable', outcome.cause)
    if (outcome.kind === 'refused') {
      this.#context.onPingRefused(outcome.cause)
      await signs.moreThan(count, pingAfterMs, signal)
      return true
    }
    const leftMs = Math.max(0, startedAt + pongTimeoutMs - clock.now())
    return signs.moreThan(count, leftMs, signal)
  }
}
