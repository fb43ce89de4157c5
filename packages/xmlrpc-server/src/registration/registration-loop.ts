import { Reconnector, type ReconnectorChange } from '@x/loop-utils/reconnect'
import { timeout } from '@x/loop-utils/timeout'
import { XmlRpcTransportError } from '../client/client-errors.ts'
import { mayHaveArrived, type CcuWire } from './ccu-wire.ts'
import { Pings } from './pings.ts'
import { RegisteredLink } from './registered-link.ts'
import { CcuSilentError } from './registration-errors.ts'
import type { RegistrationRules } from './registration-options.ts'
import { SignsOfLife } from './signs-of-life.ts'

/** How a registration was found to be good. */
export type RegisteredBy =
  /** A callback came. */
  | 'callback'
  /** The CCU answered `init`, and without the watchdog nothing else is waited for. */
  | 'answer'

/** What the loop tells of. */
export interface LoopObserver {
  onState(change: ReconnectorChange): void
  onRegistered(by: RegisteredBy): void
  onMissedPong(missed: number): void
  onPingRefused(cause: unknown): void
  onError(error: unknown): void
}

/** Keeps one interface registered: init, watch, and init again when it is lost. Knows no sockets. */
export class RegistrationLoop {
  readonly signs: SignsOfLife
  readonly pings: Pings
  readonly #rules: RegistrationRules
  readonly #wire: CcuWire
  readonly #observer: LoopObserver
  readonly #reconnector: Reconnector<RegisteredLink>
  /** Whether the CCU may hold a registration of ours. */
  #isKnown = false
  #inits = 0

  constructor(rules: RegistrationRules, wire: CcuWire, observer: LoopObserver) {
    const { clock, random, backoff, interfaceId, deregisterTimeoutMs } = rules
    this.#rules = rules
    this.#wire = wire
    this.#observer = observer
    this.signs = new SignsOfLife(clock)
    this.pings = new Pings(interfaceId, clock, random)
    this.#reconnector = new Reconnector({
      connect: ({ signal }) => this.#register(signal),
      // each step of an attempt has a limit of its own
      connectTimeoutMs: Infinity,
      closeTimeoutMs: deregisterTimeoutMs,
      onState: (change) => observer.onState(change),
      onError: (error) => observer.onError(error),
      backoff,
      clock,
      random,
    })
  }

  /** How often `init` was sent. */
  get inits(): number {
    return this.#inits
  }

  start(): void {
    this.#reconnector.start()
  }

  /** Makes the next attempt now, if one is waited for. */
  retry(): void {
    this.#reconnector.kick()
  }

  /** Ends the watch and takes the registration back if there may be one. */
  async stop(): Promise<void> {
    await this.#reconnector.stop()
    this.pings.clear()
    await this.#takeBack(new AbortController().signal)
  }

  async #register(signal: AbortSignal): Promise<RegisteredLink> {
    // the CCU would else keep the client of the lost registration beside that of the new one
    if (this.#isKnown) await this.#takeBack(signal)
    const before = this.signs.count
    const startedAt = this.#rules.clock.now()
    const { cause } = await this.#init(signal)
    const by = await this.#confirm({ before, cause, startedAt }, signal)
    this.#observer.onRegistered(by)
    return this.#watch()
  }

  /** Sends `init`. Its answer may be lost although it was carried out: then a callback decides. */
  async #init(signal: AbortSignal): Promise<{ cause?: unknown }> {
    this.#inits++
    // an earlier one may stand that could not be taken back
    const wasKnown = this.#isKnown
    try {
      this.#isKnown = true
      await this.#wire.init(signal)
      return {}
    } catch (cause) {
      signal.throwIfAborted()
      if (mayHaveArrived(cause)) return { cause }
      this.#isKnown = wasKnown
      throw cause
    }
  }

  async #confirm(
    { before, cause, startedAt }: { before: number; cause?: unknown; startedAt: number },
    signal: AbortSignal,
  ): Promise<RegisteredBy> {
    const { watchdog, clock, interfaceId, callbackUrl, firstCallbackTimeoutMs } = this.#rules
    if (this.signs.count > before) return 'callback'
    if (!watchdog && cause === undefined) return 'answer'
    // an interface without devices has nothing to call for, but answers a ping
    const [hasCome] = await Promise.all([
      this.signs.moreThan(before, firstCallbackTimeoutMs, signal),
      this.#wire.ping(this.pings.next(), signal),
    ])
    if (hasCome) return 'callback'
    if (cause !== undefined) throw cause
    throw new CcuSilentError(interfaceId, { callbackUrl: callbackUrl(), silentMs: clock.now() - startedAt })
  }

  #watch(): RegisteredLink {
    const { interfaceId, clock, watchdog, pingAfterMs, pongTimeoutMs, maxMissedPongs } = this.#rules
    return new RegisteredLink({
      interfaceId,
      clock,
      watchdog,
      pingAfterMs,
      pongTimeoutMs,
      maxMissedPongs,
      wire: this.#wire,
      signs: this.signs,
      pings: this.pings,
      onMissedPong: (missed) => this.#observer.onMissedPong(missed),
      onPingRefused: (cause) => this.#observer.onPingRefused(cause),
    })
  }

  async #takeBack(signal: AbortSignal): Promise<void> {
    if (!this.#isKnown) return
    const { clock, deregisterTimeoutMs, interfaceId } = this.#rules
    const limit = { clock, signal, what: `taking back the registration of ${interfaceId}` }
    try {
      await timeout((context) => this.#wire.deregister(context.signal), deregisterTimeoutMs, limit)
      this.#isKnown = false
    } catch (error) {
      signal.throwIfAborted()
      // where nobody listens, nobody knows of us
      if (error instanceof XmlRpcTransportError && !error.maybeExecuted) this.#isKnown = false
      else this.#observer.onError(error)
    }
  }
}
