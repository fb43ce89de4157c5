import { callSafely } from '@x/loop-utils/observe'
import type { ReconnectorChange } from '@x/loop-utils/reconnect'
import { ServiceCore, type ServiceEvents, type StopReport } from '@x/loop-utils/service'
import type { XmlRpcClient } from '../client/xml-rpc-client.ts'
import type { Central, DataPointEvent } from '../homematic/central.ts'
import { clientWire } from './ccu-wire.ts'
import { CcuSilentError } from './registration-errors.ts'
import {
  clientOf,
  registrationRules,
  type CcuRegistrationOptions,
  type RegistrationRules,
} from './registration-options.ts'
import { RegistrationLoop, type RegisteredBy } from './registration-loop.ts'

/** `idle`; `registering`: `init` is under way; `registered`; `waiting`: for the next attempt. */
export type RegistrationPhase = 'idle' | 'registering' | 'registered' | 'waiting'

/** What a registration tells of. */
export interface CcuRegistrationEvents extends ServiceEvents {
  /** The phase has changed; `cause` tells why an attempt failed or the registration was lost. */
  phase: [
    change: {
      readonly phase: RegistrationPhase
      readonly previous: RegistrationPhase
      readonly retryInMs?: number
      readonly cause?: unknown
    },
  ]
  /** The CCU calls, or has agreed to. */
  registered: [details: { readonly by: RegisteredBy; readonly inits: number }]
  /** `init` was taken and nothing came back: the callback address is likely not to be reached from the CCU. */
  silent: [error: CcuSilentError]
  /** A PONG to one of our pings, in milliseconds. */
  pong: [details: { readonly roundTripMs: number }]
  /** A ping without a PONG; how many in a row. */
  missedPong: [details: { readonly missed: number }]
}

const PHASES: Readonly<Record<ReconnectorChange['state'], RegistrationPhase>> = {
  idle: 'idle',
  connecting: 'registering',
  up: 'registered',
  waiting: 'waiting',
  paused: 'idle',
  closed: 'idle',
}

/**
 * Keeps a callback server registered with one interface of a CCU: sends `init`, finds out by ping and PONG when the CCU
 * has forgotten it, registers again, with few attempts since each costs the CCU, and takes the registration back when
 * it stops. `ready()` resolves when it is registered.
 *
 * @example
 * const registration = new CcuRegistration({
 *   ccu: 'http://192.168.1.5:2001',
 *   interfaceId: 'my-hub-rf',
 *   callbackUrl: () => `http://192.168.1.2:${server.listenPort}`,
 * })
 * server.addCentral(registration.watch({ name: 'home', hasClient: (id) => id === 'my-hub-rf', onEvent: console.log }))
 * await registration.start()
 */
export class CcuRegistration extends ServiceCore<CcuRegistrationEvents> {
  readonly interfaceId: string
  readonly #options: CcuRegistrationOptions
  readonly #rules: RegistrationRules
  #loop: RegistrationLoop | undefined
  #ownClient: XmlRpcClient | undefined
  #phase: RegistrationPhase = 'idle'
  #inits = 0
  #missedPongs = 0

  /** @throws OptionError when an option is not usable */
  constructor(options: CcuRegistrationOptions) {
    const rules = registrationRules(options)
    const { onError, clock, interfaceId } = rules
    super({
      name: `ccu-registration ${interfaceId}`,
      readiness: 'manual',
      clock,
      ...(onError === undefined ? {} : { onError }),
    })
    this.#options = options
    this.#rules = rules
    this.interfaceId = interfaceId
  }

  get phase(): RegistrationPhase {
    return this.#phase
  }

  /** For how long nothing was heard of the CCU, in milliseconds; undefined when not started. */
  get silentMs(): number | undefined {
    return this.#loop?.signs.silentMs
  }

  /**
   * Makes a central through which this registration hears of callbacks of its interface; everything is passed on but
   * the PONGs to its own pings. Centrals of several registrations may be put into one another.
   */
  watch(central: Central): Central {
    const passOn =
      <F extends { readonly interfaceId: string }>(handle: (fact: F) => void | Promise<void>) =>
      (fact: F): void | Promise<void> => {
        this.#note(fact.interfaceId)
        return handle(fact)
      }
    return {
      name: central.name,
      hasClient: (interfaceId) => central.hasClient(interfaceId),
      onEvent: passOn((event) => (this.#isOwnPong(event) ? undefined : central.onEvent?.(event))),
      onNewDevices: passOn((devices) => central.onNewDevices?.(devices)),
      onDeleteDevices: passOn((devices) => central.onDeleteDevices?.(devices)),
      onUpdateDevice: passOn((update) => central.onUpdateDevice?.(update)),
      onReaddedDevice: passOn((devices) => central.onReaddedDevice?.(devices)),
      onReplaceDevice: passOn((replacement) => central.onReplaceDevice?.(replacement)),
      onError: passOn((error) => central.onError?.(error)),
      listDevices: (interfaceId) => {
        this.#note(interfaceId)
        return central.listDevices?.(interfaceId) ?? []
      },
    }
  }

  /** Says that the CCU has called, for a server that is not told by {@link watch}. */
  sawCallback(): void {
    this.#loop?.signs.note()
  }

  /** Registers now instead of at the end of the delay, as when the network has come back. */
  retry(): void {
    this.#loop?.retry()
  }

  protected override counters(): Readonly<Record<string, number>> {
    return { inits: this.#loop?.inits ?? this.#inits, missedPongs: this.#missedPongs }
  }

  protected override onStart(): void {
    const { client, isOwn } = clientOf(this.#options)
    this.#ownClient = isOwn ? client : undefined
    const { initTimeoutMs, pongTimeoutMs, callbackUrl, interfaceId } = this.#rules
    const wire = clientWire(client, { interfaceId, callbackUrl, initTimeoutMs, pongTimeoutMs })
    this.#loop = new RegistrationLoop(this.#rules, wire, {
      onState: (change) => this.#onChange(change),
      onRegistered: (by) => this.emit('registered', { by, inits: this.#loop?.inits ?? 0 }),
      onMissedPong: (missed) => {
        this.#missedPongs++
        this.emit('missedPong', { missed })
      },
      onPingRefused: (cause) =>
        this.setRestriction('the interface refuses pings, so that its loss is not noticed', cause),
      onError: (error) => callSafely('onError', () => this.#rules.onError?.(error)),
    })
    this.#loop.start()
  }

  protected override async onStop(): Promise<Partial<StopReport>> {
    const loop = this.#loop
    await loop?.stop()
    this.#inits = loop?.inits ?? 0
    this.#loop = undefined
    await this.#ownClient?.close()
    this.#ownClient = undefined
    return {}
  }

  #onChange({ state, delayMs, cause }: ReconnectorChange): void {
    const previous = this.#phase
    this.#phase = PHASES[state]
    if (this.#phase === previous) return
    this.setRestriction(undefined)
    this.setReady(this.#phase === 'registered', cause)
    if (cause instanceof CcuSilentError) this.emit('silent', cause)
    const retry = delayMs === undefined ? {} : { retryInMs: delayMs }
    // a backoff that ends is the end of the registration, too
    if (state === 'closed' && cause !== undefined) this.fail(cause)
    this.emit('phase', { phase: this.#phase, previous, ...retry, ...(cause === undefined ? {} : { cause }) })
  }

  #note(interfaceId: string): void {
    if (interfaceId === this.interfaceId) this.sawCallback()
  }

  #isOwnPong({ interfaceId, channelAddress, parameter, value }: DataPointEvent): boolean {
    if (
      interfaceId !== this.interfaceId ||
      channelAddress !== 'CENTRAL' ||
      parameter !== 'PONG' ||
      typeof value !== 'string'
    )
      return false
    const roundTripMs = this.#loop?.pings.take(value)
    if (roundTripMs === undefined) return false
    this.emit('pong', { roundTripMs })
    return true
  }
}
