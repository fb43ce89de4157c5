import { decodeMethodCall, type MethodCall } from '../codec/decode.ts'
import { encodeFault, encodeMethodResponse } from '../codec/encode.ts'
import { XmlRpcEncodeError } from '../codec/encode-error.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { XmlRpcProtocolError } from '../codec/protocol-error.ts'
import type { XmlRpcInput, XmlRpcValue } from '../codec/value.ts'
import { dispatcherRules, type DispatcherOptions, type DispatcherRules } from './dispatcher-options.ts'
import { instanceMethods } from './instance-methods.ts'
import { checkMethod, type Method, type MethodOptions, type XmlRpcHandler } from './method.ts'
import { multicall, MULTICALL, writeAnswers } from './multicall.ts'
import { protocolFault } from './protocol-fault.ts'

/** What `system.methodSignature` answers for a method whose signature is not known. */
const NO_SIGNATURE = 'signatures not supported'

/**
 * Maps names of methods to handlers, and calls to answers. It knows no sockets: bytes come in, bytes go out.
 *
 * @example
 * const dispatcher = new AsyncXmlRpcDispatcher()
 * dispatcher.register('add', (a, b) => Number(a) + Number(b))
 * const answer = await dispatcher.dispatch(encodeMethodCall('add', [1, 2]))
 */
export class AsyncXmlRpcDispatcher {
  readonly #methods = new Map<string, Method>()
  readonly #rules: DispatcherRules

  /** @throws OptionError when an option is not usable */
  constructor(options: DispatcherOptions = {}) {
    this.#rules = dispatcherRules(options)
  }

  /**
   * Registers a method; one of the same name is replaced.
   *
   * @throws OptionError when the name, the handler or an option is not usable
   */
  register(name: string, handler: XmlRpcHandler, options: MethodOptions = {}): this {
    this.#methods.set(name, checkMethod(name, handler, options))
    return this
  }

  /** Forgets a method; false when there was none of that name. */
  unregister(name: string): boolean {
    return this.#methods.delete(name)
  }

  /**
   * Registers the public methods of an object under their names: own and inherited ones, none that begins with `_`,
   * no accessors, and nothing that XML-RPC has no name for. `options.methods` names those to take; default all.
   *
   * @throws OptionError when there is no such method
   */
  registerInstance(instance: object, options: { readonly methods?: readonly string[] } = {}): this {
    for (const [name, handler] of instanceMethods(instance, options.methods)) this.register(name, handler)
    return this
  }

  /**
   * Registers `system.listMethods` (which takes an interface id, as a CCU sends one), `system.methodHelp`,
   * `system.methodSignature` and `system.getCapabilities`.
   */
  registerIntrospectionFunctions(): this {
    const [string, array]: readonly ['string', 'array'] = ['string', 'array']
    return this.register('system.listMethods', () => this.methodNames(), {
      help: 'Lists the names of all methods.',
      signatures: [[array], [array, string]],
    })
      .register('system.methodHelp', (name) => this.#methodNamed(name)?.help ?? '', {
        help: 'Tells what a method does.',
        signatures: [[string, string]],
      })
      .register('system.methodSignature', (name) => this.#signaturesOf(name), {
        help: 'Tells the types of the result and of the parameters of a method.',
        signatures: [[array, string]],
      })
      .register('system.getCapabilities', () => this.#capabilities(), {
        help: 'Tells which extensions of XML-RPC the server knows.',
        signatures: [['struct']],
      })
  }

  /** Registers `system.multicall`: several calls in one, made one after the other. It cannot contain itself. */
  registerMulticallFunctions(): this {
    const { maxMulticallCalls } = this.#rules
    return this.register(
      MULTICALL,
      (...params) => multicall(params, maxMulticallCalls, (method, inner) => this.invoke(method, inner)),
      { help: 'Makes several calls in one.', signatures: [['array', 'array']] },
    )
  }

  /** Whether there is a method of that name. */
  has(method: string): boolean {
    return this.#methods.has(method)
  }

  /** The names of all methods, sorted. */
  methodNames(): string[] {
    return [...this.#methods.keys()].sort()
  }

  /**
   * Calls a method.
   *
   * @throws XmlRpcFault −32601 for a method that does not exist, −32602 for a wrong number of parameters, −32603 for
   *   what the handler threw, or the handler's own
   */
  async invoke(method: string, params: readonly XmlRpcValue[]): Promise<XmlRpcInput> {
    this.#rules.logger?.debug({ method, params: params.length }, 'xml-rpc call')
    const known = this.#methods.get(method)
    if (known === undefined) throw new XmlRpcFault(FAULT_CODE.methodNotFound, `Method not found: ${method}`)
    checkCount(known, params.length)
    try {
      return (await known.handler(...params)) ?? true
    } catch (error) {
      throw this.#asFault(error, method)
    }
  }

  /**
   * Answers a call with the bytes of a response. Never rejects for what a handler does.
   *
   * @throws XmlRpcProtocolError when the bytes are no call, unless `parseErrorAs` is `fault`
   */
  async dispatch(bytes: Uint8Array): Promise<Uint8Array> {
    try {
      const { methodName, params } = this.#decode(bytes)
      return this.#encode(methodName, await this.invoke(methodName, params))
    } catch (error) {
      if (error instanceof XmlRpcFault) return encodeFault(error, this.#rules.encode)
      throw error
    }
  }

  #decode(bytes: Uint8Array): MethodCall {
    try {
      return decodeMethodCall(bytes, this.#rules.decode)
    } catch (error) {
      if (error instanceof XmlRpcProtocolError && this.#rules.parseErrorAs === 'fault') throw protocolFault(error)
      throw error
    }
  }

  #encode(method: string, result: XmlRpcInput): Uint8Array {
    const write = (value: XmlRpcInput): Uint8Array => encodeMethodResponse(value, this.#rules.encode)
    const faultFor = (error: XmlRpcEncodeError): XmlRpcFault => this.#asFault(error, 'the encoder')
    try {
      return method === MULTICALL ? writeAnswers(result, { write, faultFor }) : write(result)
    } catch (error) {
      throw error instanceof XmlRpcEncodeError ? faultFor(error) : error
    }
  }

  #asFault(error: unknown, method: string): XmlRpcFault {
    if (error instanceof XmlRpcFault && isExpressible(error)) return error
    this.#rules.logger?.error({ err: error, method }, 'xml-rpc method failed')
    return new XmlRpcFault(FAULT_CODE.internalError, this.#rules.exposeErrors ? messageOf(error) : 'Internal error')
  }

  #methodNamed(name: XmlRpcValue | undefined): Method | undefined {
    return typeof name === 'string' ? this.#methods.get(name) : undefined
  }

  #signaturesOf(name: XmlRpcValue | undefined): XmlRpcInput {
    const signatures = this.#methodNamed(name)?.signatures ?? []
    return signatures.length === 0 ? NO_SIGNATURE : signatures
  }

  #capabilities(): XmlRpcInput {
    const capability = (specUrl: string, specVersion: number): XmlRpcInput => ({ specUrl, specVersion })
    const isCcu = this.#rules.encode?.dialect === 'ccu'
    return {
      xmlrpc: capability('http://www.xmlrpc.com/spec', 1),
      faults_interop: capability('http://xmlrpc-epi.sourceforge.net/specs/rfc.fault_codes.php', 20_010_516),
      introspection: capability('http://xmlrpc-c.sourceforge.net/xmlrpc-c/introspection.html', 1),
      'system.multicall': this.has(MULTICALL)
        ? capability('http://www.xmlrpc.com/discuss/msgReader$1208', 1)
        : undefined,
      nil: isCcu ? undefined : capability('http://www.ontosys.com/xml-rpc/extensions.php', 20_010_518),
    }
  }
}

/** Whether a fault has a form: it may be one that a peer answered, with a code of 64 bits. */
function isExpressible({ faultCode, faultString }: XmlRpcFault): boolean {
  return Object.is(faultCode, faultCode | 0) && typeof faultString === 'string'
}

/** What was thrown, in words; whatever it is, this does not throw. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'what was thrown has no text'
  }
}

function checkCount({ name, signatures }: Method, count: number): void {
  if (signatures.length === 0 || signatures.some((signature) => signature.length - 1 === count)) return
  const counts = [...new Set(signatures.map((signature) => signature.length - 1))].join(' or ')
  throw new XmlRpcFault(FAULT_CODE.invalidParams, `${name} takes ${counts} parameters, not ${count}`)
}
