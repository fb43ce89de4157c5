import { XmlRpcEncodeError } from './encode-error.ts'
import { encodeRules, type EncodeOptions, type EncodeRules } from './encode-options.ts'
import type { XmlRpcFault } from './fault.ts'
import { encodeText } from './text-writing.ts'
import { ValueWriter } from './value-writer.ts'
import type { XmlRpcInput } from './value.ts'

const METHOD_NAME = /^[A-Za-z0-9_.:/]{1,255}$/

/**
 * Encodes an XML-RPC call. Integral numbers are sent as integers: wrap what has to be a double in `double()`.
 *
 * @throws XmlRpcEncodeError when the name or a parameter has no form in the dialect
 * @throws OptionError when an option is not usable
 */
export function encodeMethodCall(
  methodName: string,
  params: readonly XmlRpcInput[],
  options?: EncodeOptions,
): Uint8Array {
  const rules = encodeRules(options)
  if (!METHOD_NAME.test(methodName)) {
    const shown = JSON.stringify(methodName.slice(0, 40))
    throw new XmlRpcEncodeError('methodName', `${shown} is no method name; use 1 to 255 letters, digits and _.:/`)
  }
  const writer = new ValueWriter('params', rules)
  for (const [index, param] of params.entries()) {
    writer.text += '<param>'
    writer.writeAt(index, param)
    writer.text += '</param>'
  }
  const name = `<methodName>${methodName}</methodName>`
  return finish(`<methodCall>${name}<params>${writer.text}</params></methodCall>`, rules)
}

/**
 * Encodes an XML-RPC response with a result.
 *
 * @throws XmlRpcEncodeError when the result has no form in the dialect
 * @throws OptionError when an option is not usable
 */
export function encodeMethodResponse(result: XmlRpcInput, options?: EncodeOptions): Uint8Array {
  const rules = encodeRules(options)
  const writer = new ValueWriter('result', rules)
  writer.write(result)
  return finish(`<methodResponse><params><param>${writer.text}</param></params></methodResponse>`, rules)
}

/**
 * Encodes an XML-RPC response with a fault. Characters of the text that cannot be expressed become `?`.
 *
 * @throws XmlRpcEncodeError when the code is no integer of 32 bits
 * @throws OptionError when an option is not usable
 */
export function encodeFault(
  fault: Pick<XmlRpcFault, 'faultCode' | 'faultString'>,
  options?: EncodeOptions,
): Uint8Array {
  const rules: EncodeRules = { ...encodeRules(options), unencodable: 'replace' }
  const { faultCode, faultString } = fault
  if ((faultCode | 0) !== faultCode) {
    throw new XmlRpcEncodeError('fault.faultCode', `is ${faultCode}; give an integer of 32 bits`)
  }
  const writer = new ValueWriter('fault', {
    ...rules,
    emptyString: rules.emptyString === 'typed' ? 'typed' : 'untyped',
  })
  // −0 is none to this check, and would be written as a double
  writer.write({ faultCode: faultCode | 0, faultString })
  return finish(`<methodResponse><fault>${writer.text}</fault></methodResponse>`, rules)
}

function finish(root: string, { encoding }: EncodeRules): Uint8Array {
  return encodeText(`<?xml version="1.0" encoding="${encoding.toUpperCase()}"?>${root}`, encoding)
}
