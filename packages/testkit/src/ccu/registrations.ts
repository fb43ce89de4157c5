import { OptionError } from '@x/loop-utils/errors'
import { CallbackClient, type CallbackOutcome } from './callback/callback-client.ts'
import { CallbackSession } from './callback/callback-session.ts'
import type { CcuRegistration } from './callback/registration.ts'
import { InterfaceGate } from './callback/interface-gate.ts'
import type { CcuValueEvent, EventDelivery } from './callback/value-event.ts'
import type { SentDescription } from './sent-description.ts'
import { CCU_FAULTS, CcuFault } from './ccu-fault.ts'
import type { CheckedCcuOptions } from './ccu-options.ts'
import type { CcuQuirks } from './quirks.ts'
import { toOutcome, type CcuAnswer } from './records.ts'
import type { WireStyle } from './wire/wire-style.ts'

/** What the registrations need of their CCU. */
export interface RegistrationsContext {
  readonly options: CheckedCcuOptions
  readonly quirks: () => CcuQuirks
  readonly style: () => WireStyle
  readonly descriptions: () => readonly SentDescription[]
  readonly onAnswer: (answer: CcuAnswer) => void
  readonly onChange: () => void
}

/** Everyone who has called `init`. A callback server that registered under two ids gets two streams. */
export class Registrations {
  readonly #context: RegistrationsContext
  readonly #gate = new InterfaceGate()
  #sessions: CallbackSession[] = []

  constructor(context: RegistrationsContext) {
    this.#context = context
  }

  /** @throws CcuFault −1 for a URL that cannot be called, or too many registrations */
  add(url: string, interfaceId: string): void {
    const parsed = readCallbackUrl(url)
    this.#remove((session) => session.url === url && session.interfaceId === interfaceId)
    if (this.#sessions.length >= this.#context.options.maxRegistrations) {
      throw new CcuFault(CCU_FAULTS.general, `${this.#sessions.length} registrations are the most`)
    }
    const session = this.#open(parsed, url, interfaceId)
    this.#sessions.push(session)
    this.#context.onChange()
    // the answer to `init` goes first
    setImmediate(() => void session.run())
  }

  /** Removes every registration of a URL. */
  remove(url: string): void {
    this.#remove((session) => session.url === url)
  }

  has(interfaceId: string): boolean {
    return this.#sessions.some((session) => session.interfaceId === interfaceId && session.view().state !== 'dead')
  }

  views(): readonly CcuRegistration[] {
    return this.#sessions.map((session) => session.view())
  }

  publish(event: CcuValueEvent): void {
    for (const session of this.#sessions) session.enqueue(event)
  }

  publishBatch(events: readonly CcuValueEvent[], as: EventDelivery): void {
    for (const session of this.#sessions) session.enqueueBatch(events, as)
  }

  /** Calls every callback server in its turn; the interface id goes first among the parameters. */
  announce(method: string, params: readonly unknown[]): void {
    for (const session of this.#sessions) session.enqueueCall(method, [session.interfaceId, ...params])
  }

  /** Calls one callback server. @throws OptionError when nobody is registered under that id */
  call(interfaceId: string, method: string, params: readonly unknown[]): Promise<CallbackOutcome> {
    const session = this.#sessions.find((each) => each.interfaceId === interfaceId)
    if (session === undefined) {
      throw new OptionError('interfaceId', interfaceId, `one of the registered ones: ${this.#ids()}`)
    }
    return session.call(method, params)
  }

  async idle(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.idle()))
  }

  clear(): void {
    this.#remove(() => true)
  }

  #open(parsed: URL, url: string, interfaceId: string): CallbackSession {
    const { options, quirks, style, descriptions, onAnswer, onChange } = this.#context
    const { callTimeoutMs, maxAnswerBytes, maxBatch, batchIntervalMs, maxQueued, clock, route } = options
    return new CallbackSession({
      interfaceId,
      url,
      client: new CallbackClient({ url: parsed, timeoutMs: callTimeoutMs, maxAnswerBytes, quirks, style, route }),
      maxBatch,
      batchIntervalMs,
      clock,
      quirks,
      gate: this.#gate,
      maxQueued,
      descriptions,
      onChange,
      onAnswer: (method, outcome, { events, startedAt }) => {
        const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000
        const at = new Date().toISOString()
        onAnswer({ at, interfaceId, method, events, durationMs, outcome: toOutcome(outcome) })
      },
    })
  }

  #remove(matches: (session: CallbackSession) => boolean): void {
    const removed = this.#sessions.filter(matches)
    if (removed.length === 0) return
    this.#sessions = this.#sessions.filter((session) => !removed.includes(session))
    for (const session of removed) session.stop()
    this.#context.onChange()
  }

  #ids(): string {
    return this.#sessions.map(({ interfaceId }) => interfaceId).join(', ') || 'none'
  }
}

function readCallbackUrl(url: string): URL {
  // the interface processes take xmlrpc:// for http://; binary RPC is another protocol
  const spelled = url.replace(/^xmlrpc:/, 'http:')
  if (URL.canParse(spelled)) {
    const parsed = new URL(spelled)
    if (parsed.protocol === 'http:' && parsed.hostname !== '') return parsed
  }
  throw new CcuFault(CCU_FAULTS.general, `${url} cannot be called; give http://host:port`)
}
