import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { exponential } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { Reconnector, type ReconnectorState } from '../../src/reconnect/index.ts'
import { Changes } from './changes.ts'
import { GreetedLink, HEARTBEAT_MS } from './greeted-link.ts'
import { InterruptedPeer } from './interrupted-peer.ts'

/** How the peer is taken away: for a moment, for as long as some attempts, or without a word. */
export const INTERRUPTIONS = ['killed', 'refused', 'half-open'] as const

export interface Round {
  readonly interruption: (typeof INTERRUPTIONS)[number]
  /** Whether the link is up for `stableAfterMs` before. */
  readonly isStable: boolean
  /** How many attempts fail before the peer is back; none when it is only killed. */
  readonly failures: number
}

/** What one round has shown. */
export interface RoundReport {
  /** Whether the link was up, at each flip since it last was. */
  readonly flips: readonly boolean[]
  /** Delays before the attempts. */
  readonly delaysMs: readonly number[]
  /** What was open with the link up again. */
  readonly left: {
    readonly sockets: number
    readonly connections: number
    readonly timers: number
    readonly listeners: number
  }
}

export const STABLE_AFTER_MS = 3000
const CONNECT_TIMEOUT_MS = 500

/** A reconnector on manual time and a peer on real sockets. */
export class InterruptionRounds {
  readonly #clock = new ManualClock()
  readonly #peer = new InterruptedPeer()
  readonly #changes = new Changes()
  readonly #open = new Set<Socket>()
  /** Those of the attempts of the round. */
  readonly #signals = new Set<AbortSignal>()
  readonly #reconnector: Reconnector<GreetedLink>
  #flips: boolean[] = []
  #delaysMs: number[] = []

  constructor() {
    this.#reconnector = new Reconnector({
      clock: this.#clock,
      backoff: exponential({ initialDelayMs: 1000, maxDelayMs: 60_000 }),
      stableAfterMs: STABLE_AFTER_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      connect: ({ signal }) => {
        this.#signals.add(signal)
        this.#changes.tell()
        return GreetedLink.open(this.#peer.port, { clock: this.#clock, signal, open: this.#open })
      },
      onState: ({ state, previous, delayMs }) => {
        if (delayMs !== undefined) this.#delaysMs.push(delayMs)
        if ((state === 'up') !== (previous === 'up')) this.#flips.push(state === 'up')
        this.#changes.tell()
      },
    })
  }

  async begin(): Promise<void> {
    await this.#peer.open()
    this.#reconnector.start()
    await this.#until('up')
  }

  async run({ interruption, isStable, failures }: Round): Promise<RoundReport> {
    this.#flips = []
    this.#delaysMs = []
    this.#signals.clear()
    if (isStable) await this.#stayUp()
    if (interruption === 'half-open') await this.#fallSilent()
    else await this.#peer.kill()
    await this.#changes.until(() => this.#delaysMs.length === 1)
    for (let failed = 0; failed < failures; failed++) await this.#failAttempt(interruption)
    await this.#peer.open()
    await this.#attempt()
    await this.#until('up')
    return { flips: this.#flips, delaysMs: this.#delaysMs, left: await this.#left({ up: 1 }) }
  }

  /** Ends both sides; what is left then. */
  async end(): Promise<RoundReport['left']> {
    await this.#reconnector.stop()
    await this.#peer.kill()
    return this.#left({ up: 0 })
  }

  async #until(state: ReconnectorState): Promise<void> {
    await this.#changes.until(() => this.#reconnector.state === state)
  }

  async #stayUp(): Promise<void> {
    const { link } = this.#reconnector
    for (let upMs = 0; upMs < STABLE_AFTER_MS; upMs += HEARTBEAT_MS) {
      await this.#clock.advance(HEARTBEAT_MS)
      await link?.changes.until(() => link.isAnswered)
    }
  }

  /** The link asks once more, and gives up when it would ask again. */
  async #fallSilent(): Promise<void> {
    this.#peer.isSilent = true
    await this.#clock.advance(2 * HEARTBEAT_MS)
  }

  /** Lets the time pass until the next attempt begins. */
  async #attempt(): Promise<void> {
    const { size } = this.#signals
    await this.#clock.advance(this.#delaysMs.at(-1) ?? 0)
    await this.#changes.until(() => this.#signals.size > size)
  }

  async #failAttempt(interruption: Round['interruption']): Promise<void> {
    const { accepted } = this.#peer
    const { length } = this.#delaysMs
    await this.#attempt()
    if (interruption === 'half-open') {
      await this.#peer.changes.until(() => this.#peer.accepted > accepted)
      await this.#clock.advance(CONNECT_TIMEOUT_MS)
    }
    await this.#changes.until(() => this.#delaysMs.length > length)
  }

  /** What is open once what is on its way to its end has ended, for which it is given a bounded number of turns. */
  async #left({ up }: { readonly up: number }): Promise<RoundReport['left']> {
    const count = (): RoundReport['left'] => ({
      sockets: this.#open.size,
      connections: this.#peer.connections,
      timers: this.#clock.pending,
      listeners: [...this.#signals].flatMap((signal) => getEventListeners(signal, 'abort')).length,
    })
    let left = count()
    for (let turns = 0; turns < 1000 && (left.sockets > up || left.connections > up || left.timers > up); turns++) {
      await turn()
      left = count()
    }
    return left
  }
}
