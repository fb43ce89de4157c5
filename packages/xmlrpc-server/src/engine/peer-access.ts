import type { EngineContext } from '@x/loop-utils/channel'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { AddressList } from './address-list.ts'
import { CredentialList, credentialsOf } from './basic-credentials.ts'
import type { AccessOptions, Credentials, XmlRpcEngineContract } from './contract.ts'
import type { HttpRefusal } from './http-refusal.ts'

/** How long the facade's word on a connection's credentials holds. */
const WORD_HOLDS_MS = 60_000

const FORBIDDEN: HttpRefusal = { status: 403, text: 'this address may not call', close: true }
const UNAUTHORIZED: HttpRefusal = {
  status: 401,
  text: 'give a user and a password that may call',
  headers: { 'WWW-Authenticate': 'Basic realm="xmlrpc", charset="UTF-8"' },
}
const NO_WORD: HttpRefusal = { status: 503, text: 'whether you may call could not be found out', close: true }

/** What a connection was admitted with. */
interface Admission {
  readonly header: string
  readonly untilMs: number
}

/** Judges who may call: by the address of the peer, and by user and password. */
export class PeerAccess {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #timeoutMs: number
  readonly #addresses: AddressList | undefined
  readonly #credentials: CredentialList | 'ask' | undefined
  readonly #admitted = new WeakMap<Socket, Admission>()
  /** Whether the facade is being asked for a connection: later requests over it wait, lest they overtake. */
  readonly #verdicts = new WeakMap<Socket, Promise<HttpRefusal | undefined>>()

  constructor({ allow, credentials }: AccessOptions, context: EngineContext<XmlRpcEngineContract>, timeoutMs: number) {
    this.#context = context
    this.#timeoutMs = timeoutMs
    this.#addresses = allow === null ? undefined : new AddressList(allow)
    this.#credentials =
      credentials === null ? undefined : credentials === 'ask' ? 'ask' : new CredentialList(credentials)
  }

  /** Whether everybody may call. */
  get isFree(): boolean {
    return this.#addresses === undefined && this.#credentials === undefined
  }

  /** Whether a peer may connect at all. */
  admits({ remoteAddress = '' }: Socket): boolean {
    return this.#addresses?.has(remoteAddress) ?? true
  }

  /** Why a request is refused for who sent it; undefined when it is not. */
  judge(request: IncomingMessage): HttpRefusal | undefined | Promise<HttpRefusal | undefined> {
    if (!this.admits(request.socket)) return FORBIDDEN
    return this.#credentials === undefined ? undefined : this.#judgeCredentials(request, this.#credentials)
  }

  #judgeCredentials(
    request: IncomingMessage,
    known: CredentialList | 'ask',
  ): HttpRefusal | undefined | Promise<HttpRefusal | undefined> {
    const { socket } = request
    const header = request.headers.authorization ?? ''
    if (known === 'ask' && this.#verdicts.has(socket)) return this.#inTurn(request)
    if (this.#isAdmitted(socket, header)) return undefined
    const given = credentialsOf(request)
    if (given === undefined) return UNAUTHORIZED
    if (known === 'ask') return this.#inTurn(request)
    if (!known.has(given)) return UNAUTHORIZED
    this.#admitted.set(socket, { header, untilMs: Infinity })
    return undefined
  }

  #isAdmitted(socket: Socket, header: string): boolean {
    const admitted = this.#admitted.get(socket)
    return admitted?.header === header && this.#context.clock.now() < admitted.untilMs
  }

  /** Asks the facade, after it has answered for the requests before this one. */
  #inTurn(request: IncomingMessage): Promise<HttpRefusal | undefined> {
    const { socket } = request
    const verdict = this.#askAfter(this.#verdicts.get(socket), request).finally(() => {
      if (this.#verdicts.get(socket) === verdict) this.#verdicts.delete(socket)
    })
    this.#verdicts.set(socket, verdict)
    return verdict
  }

  async #askAfter(before: Promise<unknown> | undefined, request: IncomingMessage): Promise<HttpRefusal | undefined> {
    await before
    const { socket } = request
    const header = request.headers.authorization ?? ''
    if (this.#isAdmitted(socket, header)) return undefined
    const given = credentialsOf(request)
    return given === undefined ? UNAUTHORIZED : this.#ask(socket, header, given)
  }

  async #ask(socket: Socket, header: string, given: Credentials): Promise<HttpRefusal | undefined> {
    const question = { ...given, remoteAddress: socket.remoteAddress ?? '' }
    try {
      const isAdmitted = await this.#context.ask('authorize', question, { timeoutMs: this.#timeoutMs })
      if (!isAdmitted) return UNAUTHORIZED
    } catch {
      return NO_WORD
    }
    this.#admitted.set(socket, { header, untilMs: this.#context.clock.now() + WORD_HOLDS_MS })
    return undefined
  }
}
