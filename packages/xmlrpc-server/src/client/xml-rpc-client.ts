import { checkSignal } from '@x/loop-utils/errors'
import { timeout } from '@x/loop-utils/timeout'
import { decodeRules } from '../codec/decode-options.ts'
import { decodeMethodResponse } from '../codec/decode.ts'
import { encodeMethodCall } from '../codec/encode.ts'
import { XmlRpcFault } from '../codec/fault.ts'
import { XmlRpcProtocolError } from '../codec/protocol-error.ts'
import { isStruct, type XmlRpcInput, type XmlRpcValue } from '../codec/value.ts'
import { XmlRpcClientClosedError, XmlRpcHttpError } from './client-errors.ts'
import { clientRules, type ClientRules, type XmlRpcClientOptions } from './client-options.ts'
import { HttpExchange, type HttpAnswer } from './http-exchange.ts'

/** Options of one call. */
export interface CallOptions {
  /** Its abort rejects the call with `signal.reason` and closes its connection. */
  readonly signal?: AbortSignal
  /** How long this call may take, in milliseconds. Default: that of the client. */
  readonly timeoutMs?: number
  /** Takes an empty answer for the result null, as some methods of a CCU give. Default false. */
  readonly emptyAsVoid?: boolean
}

/** A call that is one of several. */
export interface MulticallEntry {
  readonly methodName: string
  readonly params: readonly XmlRpcInput[]
}

/**
 * Calls the methods of an XML-RPC interface, such as one of a Homematic CCU. A call is made once, never again by
 * itself: it may have been carried out though its answer was lost.
 *
 * @example
 * await using client = new XmlRpcClient({ url: 'http://192.168.1.5:2001/' })
 * await client.call('init', ['http://192.168.1.2:9120/', 'my-hub-rf'])
 */
export class XmlRpcClient implements AsyncDisposable {
  readonly #rules: ClientRules
  readonly #exchange: HttpExchange
  readonly #contentType: string
  /** What ends each call that is under way. */
  readonly #underWay = new Map<AbortController, Promise<HttpAnswer>>()
  #isClosed = false

  /** @throws OptionError when an option is not usable */
  constructor(options: XmlRpcClientOptions) {
    this.#rules = clientRules(options)
    this.#exchange = new HttpExchange(this.#rules, decodeRules(this.#rules.decode).maxBytes)
    this.#contentType = `text/xml; charset=${this.#rules.encode.encoding ?? 'utf-8'}`
  }

  /** Where the calls go, without credentials. */
  get url(): string {
    return this.#rules.url.href
  }

  /**
   * Calls a method and resolves with its result.
   *
   * @throws XmlRpcFault when the peer answers one; XmlRpcTransportError, XmlRpcHttpError or XmlRpcProtocolError when
   *   there is no proper answer; TimeoutError; XmlRpcEncodeError before anything is sent
   */
  async call(method: string, params: readonly XmlRpcInput[] = [], options: CallOptions = {}): Promise<XmlRpcValue> {
    const document = encodeMethodCall(method, params, this.#rules.encode)
    const answer = await this.#post(method, document, options)
    const response = this.#decode(answer, options)
    if (response.kind === 'fault') throw response.fault
    return response.value
  }

  /**
   * Makes several calls in one, by `system.multicall`; the answers come in their order, a fault as an XmlRpcFault.
   *
   * @throws what {@link call} throws
   */
  async multicall(calls: readonly MulticallEntry[], options: CallOptions = {}): Promise<(XmlRpcValue | XmlRpcFault)[]> {
    const entries = calls.map(({ methodName, params }) => ({ methodName, params }))
    const answers = await this.call('system.multicall', [entries], options)
    if (!Array.isArray(answers) || answers.length !== calls.length) {
      const problem = `system.multicall did not answer each of ${calls.length} calls`
      throw new XmlRpcProtocolError('structure', problem, { offset: 0, line: 1, column: 1 })
    }
    return answers.map(readAnswer)
  }

  /** Closes all connections; calls under way reject. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const life of this.#underWay.keys()) life.abort(new XmlRpcClientClosedError())
    await Promise.allSettled(this.#underWay.values())
    this.#exchange.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #post(method: string, document: Uint8Array, { signal, timeoutMs }: CallOptions): Promise<HttpAnswer> {
    if (this.#isClosed) throw new XmlRpcClientClosedError()
    checkSignal('signal', signal)?.throwIfAborted()
    const life = new AbortController()
    const { clock, timeoutMs: defaultMs } = this.#rules
    const limit = { signal, what: `xml-rpc call ${method}`, ...(clock === undefined ? {} : { clock }) }
    const post = timeout(
      (context) => {
        context.signal.addEventListener('abort', () => life.abort(context.signal.reason), { once: true })
        return this.#exchange.post(document, this.#contentType, life.signal)
      },
      timeoutMs ?? defaultMs,
      limit,
    )
    this.#underWay.set(life, post)
    try {
      return await post
    } finally {
      this.#underWay.delete(life)
    }
  }

  #decode({ status, contentType, body }: HttpAnswer, options: CallOptions): ReturnType<typeof decodeMethodResponse> {
    const wrong = (): XmlRpcHttpError =>
      new XmlRpcHttpError(this.url, { status, contentType, excerpt: body.toString('latin1', 0, 200) })
    if (status !== 200) throw wrong()
    const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]
    const { emptyAsVoid = false } = options
    try {
      const rules = { ...this.#rules.decode, ...(charset === undefined ? {} : { charset }), emptyAsVoid }
      return decodeMethodResponse(body, rules)
    } catch (error) {
      // A page of a web server is better told as such than as bad XML.
      const isPage = error instanceof XmlRpcProtocolError && error.reason === 'document' && /html/i.test(contentType)
      throw isPage ? wrong() : error
    }
  }
}

function readAnswer(answer: XmlRpcValue): XmlRpcValue | XmlRpcFault {
  if (Array.isArray(answer)) return answer[0] ?? null
  const { faultCode, faultString }: { faultCode?: XmlRpcValue; faultString?: XmlRpcValue } = isStruct(answer)
    ? answer
    : {}
  const code = typeof faultCode === 'number' ? faultCode : 0
  return new XmlRpcFault(code, typeof faultString === 'string' ? faultString : 'a malformed answer')
}
