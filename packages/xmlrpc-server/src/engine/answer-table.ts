import type { EngineContext } from '@x/loop-utils/channel'
import { TimeoutError } from '@x/loop-utils/errors'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { isStruct, type XmlRpcInput, type XmlRpcValue } from '../codec/value.ts'
import { ACKNOWLEDGED_ARITY } from './acknowledged.ts'
import type { CallOutcome, CrossingCall, XmlRpcEngineContract, XmlRpcEngineOptions } from './contract.ts'
import type { RequestLife } from './request-life.ts'
import { type Crossing, fromCrossing, toCrossing } from './crossing.ts'

/** A call as the codec read it. */
export interface TableCall {
  readonly methodName: string
  readonly params: readonly XmlRpcValue[]
}

const MULTICALL = 'system.multicall'
const LIST_DEVICES = 'listDevices'

type TableOptions = Pick<XmlRpcEngineOptions, 'handlerTimeoutMs' | 'maxMulticallCalls'>

/**
 * Decides how each call is answered: acknowledged at once and handed on, from the device list that the facade left
 * here, or by asking the facade. The calls of a multicall are answered in their order, however they mix.
 */
export class AnswerTable {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #options: TableOptions
  #methods: ReadonlySet<string> = new Set()
  readonly #deviceLists = new Map<string, Crossing>()

  constructor(context: EngineContext<XmlRpcEngineContract>, options: TableOptions) {
    this.#context = context
    this.#options = options
  }

  setMethods(names: readonly string[]): void {
    this.#methods = new Set(names)
  }

  setDeviceList(interfaceId: string, devices: Crossing | null): void {
    if (devices === null) this.#deviceLists.delete(interfaceId)
    else this.#deviceLists.set(interfaceId, devices)
  }

  /**
   * Answers a call. What was acknowledged is in the stream for good when this resolves; while the stream is full it
   * does not resolve, so that the peer slows down.
   *
   * @throws XmlRpcFault
   */
  async answer(call: TableCall, life: RequestLife): Promise<XmlRpcInput> {
    if (call.methodName === MULTICALL) return this.#answerMulticall(call.params, life)
    checkArity(call)
    if (ACKNOWLEDGED_ARITY.has(call.methodName)) {
      await this.#acknowledge([toCrossingCall(call)], life)
      return true
    }
    return this.#answerOther(call, life)
  }

  async #answerMulticall(params: readonly XmlRpcValue[], life: RequestLife): Promise<XmlRpcInput> {
    const [entries] = params
    if (params.length !== 1 || !Array.isArray(entries)) {
      throw new XmlRpcFault(FAULT_CODE.invalidParams, `${MULTICALL} takes one array of calls`)
    }
    const { maxMulticallCalls } = this.#options
    if (entries.length > maxMulticallCalls) {
      throw new XmlRpcFault(FAULT_CODE.invalidRequest, `${MULTICALL} takes at most ${maxMulticallCalls} calls`)
    }
    const results: XmlRpcInput[] = []
    let waiting: CrossingCall[] = []
    for (const entry of entries) {
      const call = readEntry(entry)
      if (call instanceof XmlRpcFault) results.push(faultStruct(call))
      else if (ACKNOWLEDGED_ARITY.has(call.methodName)) {
        waiting.push(toCrossingCall(call))
        results.push([true])
      } else {
        // what came before it on the wire comes before it in the stream
        if (waiting.length > 0) await this.#acknowledge(waiting, life)
        waiting = []
        results.push(await this.#answerOther(call, life).then((value) => [value], faultStruct))
      }
    }
    if (waiting.length > 0) await this.#acknowledge(waiting, life)
    return results
  }

  async #acknowledge(calls: readonly CrossingCall[], life: RequestLife): Promise<void> {
    const hasRoom = this.#context.emit('acknowledged', { calls })
    this.#context.commit()
    if (!hasRoom) await this.#context.writable(life.signal)
  }

  async #answerOther(call: TableCall, life: RequestLife): Promise<XmlRpcInput> {
    const known = call.methodName === LIST_DEVICES ? this.#knownDevices(call.params) : undefined
    if (known !== undefined) return fromCrossing(known)
    if (!this.#methods.has(call.methodName)) {
      throw new XmlRpcFault(FAULT_CODE.methodNotFound, `Method not found: ${call.methodName}`)
    }
    return readOutcome(await this.#ask(call, life))
  }

  #knownDevices(params: readonly XmlRpcValue[]): Crossing | undefined {
    const [interfaceId] = params
    return typeof interfaceId === 'string' ? this.#deviceLists.get(interfaceId) : undefined
  }

  async #ask(call: TableCall, life: RequestLife): Promise<CallOutcome> {
    const { handlerTimeoutMs } = this.#options
    try {
      return await this.#context.ask('call', toCrossingCall(call), { timeoutMs: handlerTimeoutMs, signal: life.signal })
    } catch (error) {
      if (error instanceof TimeoutError) {
        throw new XmlRpcFault(FAULT_CODE.applicationError, `${call.methodName} took longer than ${handlerTimeoutMs} ms`)
      }
      if (life.isOver || this.#context.signal.aborted) {
        throw new XmlRpcFault(FAULT_CODE.systemError, 'the server is stopping')
      }
      throw new XmlRpcFault(FAULT_CODE.internalError, `no answer to ${call.methodName} could be had`)
    }
  }
}

function toCrossingCall({ methodName, params }: TableCall): CrossingCall {
  return { method: methodName, params: toCrossing(params) }
}

function readOutcome(outcome: CallOutcome): XmlRpcInput {
  if (outcome.kind === 'result') return fromCrossing(outcome.value)
  throw new XmlRpcFault(outcome.faultCode, outcome.faultString)
}

/** Reads an entry of a multicall, or says what is wrong with it. */
function readEntry(entry: XmlRpcValue): TableCall | XmlRpcFault {
  if (!isStruct(entry)) return new XmlRpcFault(FAULT_CODE.invalidParams, 'an entry is not a struct')
  const { methodName, params } = entry
  if (typeof methodName !== 'string') return new XmlRpcFault(FAULT_CODE.invalidParams, 'methodName is not a string')
  if (!Array.isArray(params)) return new XmlRpcFault(FAULT_CODE.invalidParams, 'params is not an array')
  if (methodName === MULTICALL) return new XmlRpcFault(FAULT_CODE.invalidRequest, `${MULTICALL} must not be nested`)
  const call = { methodName, params }
  try {
    checkArity(call)
  } catch (error) {
    return error as XmlRpcFault
  }
  return call
}

function checkArity({ methodName, params }: TableCall): void {
  const arity = ACKNOWLEDGED_ARITY.get(methodName)
  if (arity === undefined) return
  if (params.length !== arity) {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${methodName} takes ${arity} parameters, not ${params.length}`)
  }
  if (typeof params[0] !== 'string') {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${methodName} takes an interface id first, which is a string`)
  }
}

function faultStruct(error: unknown): XmlRpcInput {
  if (!(error instanceof XmlRpcFault)) throw error
  return { faultCode: error.faultCode, faultString: error.faultString }
}
