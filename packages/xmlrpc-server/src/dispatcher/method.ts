import { OptionError } from '@x/loop-utils/errors'
import type { XmlRpcInput, XmlRpcValue } from '../codec/value.ts'

/**
 * Answers calls of one method. Null and undefined become `true`, since a CCU wants an acknowledgement; an
 * `XmlRpcFault` that it throws is answered as it is, anything else as an internal error.
 */
export type XmlRpcHandler = (...params: XmlRpcValue[]) => XmlRpcInput | void | Promise<XmlRpcInput | void>

/** A signature: the type of the result, then those of the parameters, by their names in XML-RPC. */
export type XmlRpcSignature = readonly [result: string, ...params: string[]]

/** What is told about a method besides its handler. */
export interface MethodOptions {
  /** What `system.methodHelp` answers. Default: empty. */
  readonly help?: string
  /** What `system.methodSignature` answers; a call with another number of parameters is refused. Default: unknown. */
  readonly signatures?: readonly XmlRpcSignature[]
}

/** A registered method. */
export interface Method {
  readonly name: string
  readonly handler: XmlRpcHandler
  readonly help: string
  readonly signatures: readonly XmlRpcSignature[]
}

/** What the specification admits as the name of a method. */
export const METHOD_NAME: RegExp = /^[A-Za-z0-9_.:/]{1,255}$/

/**
 * Checks what a method is registered with.
 *
 * @throws OptionError naming what is not usable
 */
export function checkMethod(name: string, handler: XmlRpcHandler, options: MethodOptions): Method {
  if (typeof name !== 'string' || !METHOD_NAME.test(name)) {
    throw new OptionError('name', name, '1 to 255 letters, digits and _.:/')
  }
  if (typeof handler !== 'function') throw new OptionError(`handler of ${name}`, handler, 'a function')
  const { help = '', signatures = [] } = options
  if (typeof help !== 'string') throw new OptionError('help', help, 'a text')
  if (!Array.isArray(signatures) || !signatures.every(isSignature)) {
    throw new OptionError('signatures', signatures, 'an array of arrays of type names, each beginning with the result')
  }
  return { name, handler, help, signatures }
}

function isSignature(signature: unknown): boolean {
  return Array.isArray(signature) && signature.length > 0 && signature.every((type) => typeof type === 'string')
}
