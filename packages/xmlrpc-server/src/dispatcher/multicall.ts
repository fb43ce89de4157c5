import { XmlRpcEncodeError } from '../codec/encode-error.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { isStruct, type XmlRpcInput, type XmlRpcValue } from '../codec/value.ts'

/** The method that makes several calls in one. */
export const MULTICALL = 'system.multicall'

/** Makes one call of a multicall. */
export type InvokeMethod = (method: string, params: readonly XmlRpcValue[]) => Promise<XmlRpcInput>

/**
 * Makes the calls of a `system.multicall` one after the other. Each answer is a result in an array of one, or a struct
 * of faultCode and faultString; what is wrong with one call does not keep the others from being made.
 *
 * @throws XmlRpcFault −32602 when the parameters are not one array, −32600 when it holds more than `maxCalls`, as for
 *   any other bound
 */
export async function multicall(
  params: readonly XmlRpcValue[],
  maxCalls: number,
  invoke: InvokeMethod,
): Promise<XmlRpcInput> {
  const [calls] = params
  if (params.length !== 1 || !Array.isArray(calls)) {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${MULTICALL} takes one array of calls`)
  }
  if (calls.length > maxCalls) {
    throw new XmlRpcFault(
      FAULT_CODE.invalidRequest,
      `${MULTICALL} takes at most ${maxCalls} calls, not ${calls.length}`,
    )
  }
  const answers: XmlRpcInput[] = []
  for (const call of calls) answers.push(await answerOne(call, invoke))
  return answers
}

/** How the answers of a multicall are written. */
export interface AnswersWriting<T> {
  /** @throws XmlRpcEncodeError for a value that has no form */
  readonly write: (value: XmlRpcInput) => T
  /** What is answered instead of such a value. */
  readonly faultFor: (error: XmlRpcEncodeError) => XmlRpcFault
}

/**
 * Writes the answers of a multicall; one that has no form becomes a fault, and leaves the others as they are.
 *
 * @throws XmlRpcEncodeError when even the faults have none
 */
export function writeAnswers<T>(answers: XmlRpcInput, writing: AnswersWriting<T>): T {
  try {
    return writing.write(answers)
  } catch (error) {
    if (!(error instanceof XmlRpcEncodeError) || !Array.isArray(answers)) throw error
    return writing.write((answers as readonly XmlRpcInput[]).map((answer) => writable(answer, writing)))
  }
}

function writable(answer: XmlRpcInput, { write, faultFor }: AnswersWriting<unknown>): XmlRpcInput {
  try {
    write(answer)
    return answer
  } catch (error) {
    if (!(error instanceof XmlRpcEncodeError)) throw error
    const { faultCode, faultString } = faultFor(error)
    return { faultCode, faultString }
  }
}

async function answerOne(call: XmlRpcValue, invoke: InvokeMethod): Promise<XmlRpcInput> {
  try {
    const { methodName, params } = readCall(call)
    return [await invoke(methodName, params)]
  } catch (error) {
    if (!(error instanceof XmlRpcFault)) throw error
    return { faultCode: error.faultCode, faultString: error.faultString }
  }
}

function readCall(call: XmlRpcValue): { methodName: string; params: XmlRpcValue[] } {
  const { methodName, params }: { methodName?: XmlRpcValue; params?: XmlRpcValue } = isStruct(call) ? call : {}
  if (typeof methodName !== 'string' || !Array.isArray(params)) {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, 'a call is a struct of methodName, a string, and params, an array')
  }
  if (methodName === MULTICALL) throw new XmlRpcFault(FAULT_CODE.invalidRequest, `${MULTICALL} within ${MULTICALL}`)
  return { methodName, params }
}
