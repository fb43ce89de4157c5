import type { EngineContext } from '@x/loop-utils/channel'
import { TimeoutError } from '@x/loop-utils/errors'
import { CallEntry } from '../codec/call-entry.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { isStruct, type XmlRpcInput, type XmlRpcValue } from '../codec/value.ts'
import { interfaceIdFault, MAX_INTERFACE_ID } from '../homematic/interface-id.ts'
import { ACKNOWLEDGED_ARITY } from './acknowledged.ts'
import { AcknowledgementGate } from './acknowledgement-gate.ts'
import { Acknowledgements, type Committed, type PendingCall } from './acknowledgements.ts'
import type { CallOutcome, XmlRpcEngineContract, XmlRpcEngineOptions } from './contract.ts'
import { type Crossing, fromCrossing, toCrossing } from './crossing.ts'
import type { Exchange } from './exchange.ts'

/** A call as the codec read it. */
export interface TableCall {
  readonly methodName: string
  readonly params: readonly XmlRpcValue[]
  /** The calls of a multicall, if the codec has read them as such. */
  readonly calls?: readonly CallEntry[] | undefined
}

const MULTICALL = 'system.multicall'
const LIST_DEVICES = 'listDevices'

/** The length of a document that counts as one callback, in bytes. */
const WEIGHT_BYTES = 4096

type TableOptions = Pick<
  XmlRpcEngineOptions,
  'handlerTimeoutMs' | 'maxMulticallCalls' | 'maxInTransit' | 'overflowAfterMs'
> & {
  /** Told of each acknowledgement that is held back. */
  readonly onDelay: () => void
}

/** The answers of a multicall all of whose calls were acknowledged: how many they are. */
export class AllAcknowledged {
  readonly count: number

  constructor(count: number) {
    this.count = count
  }
}

/**
 * Decides how each call is answered: acknowledged at once and handed on, from the device list that the facade left
 * here, or by asking the facade. The calls of a multicall are answered in their order, however they mix.
 */
export class AnswerTable {
  readonly gate: AcknowledgementGate
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #options: TableOptions
  readonly #acknowledgements: Acknowledgements
  #methods: ReadonlySet<string> = new Set()
  readonly #deviceLists = new Map<string, Crossing>()

  constructor(context: EngineContext<XmlRpcEngineContract>, options: TableOptions) {
    this.#context = context
    this.#options = options
    this.gate = new AcknowledgementGate(options, context.clock)
    this.#acknowledgements = new Acknowledgements(context, this.gate)
  }

  setMethods(names: readonly string[]): void {
    this.#methods = new Set(names)
  }

  setDeviceList(interfaceId: string, devices: Crossing | null): void {
    if (devices === null) this.#deviceLists.delete(interfaceId)
    else this.#deviceLists.set(interfaceId, devices)
  }

  dispose(): void {
    this.#acknowledgements.dispose()
  }

  /**
   * Hands a call on that is to be acknowledged; false when it is none of those. `committed` is called when it may be
   * answered, or has nobody to answer to any more.
   *
   * @throws XmlRpcFault when its parameters make no sense
   */
  acknowledge(call: TableCall, exchange: Exchange, committed: Committed): boolean {
    const arity = ACKNOWLEDGED_ARITY.get(call.methodName)
    if (arity === undefined) return false
    const interfaceId = checkParams(call, arity)
    const acknowledged = toPending(call, weightOf(exchange, 1))
    if (this.gate.isOpen || this.gate.mayPass(interfaceId)) this.#acknowledgements.add(acknowledged, committed)
    else {
      const go = (): void => this.#acknowledgements.add(acknowledged, committed)
      this.gate.wait(interfaceId, exchange.presence, { go, gone: committed })
    }
    return true
  }

  /**
   * Answers any other call. What was acknowledged is in the stream for good when this resolves; while there is no room
   * for it, it does not resolve, so that the peer slows down.
   *
   * @throws XmlRpcFault
   */
  async answer(call: TableCall, exchange: Exchange): Promise<XmlRpcInput | AllAcknowledged> {
    if (call.methodName !== MULTICALL) return this.#answerOther(call, exchange)
    return this.#answerMulticall(readEntries(call, this.#options.maxMulticallCalls), exchange)
  }

  async #answerMulticall(
    entries: readonly (XmlRpcValue | CallEntry)[],
    exchange: Exchange,
  ): Promise<XmlRpcInput | AllAcknowledged> {
    const weight = weightOf(exchange, entries.length)
    const answers = new MulticallAnswers()
    let isPending = false
    for (const entry of entries) {
      const call = readEntry(entry)
      if (call instanceof XmlRpcFault) answers.fault(call)
      else if (ACKNOWLEDGED_ARITY.has(call.methodName)) {
        const passing = this.#hand(toPending(call, weight), exchange)
        if (passing !== undefined) await passing
        isPending = true
        answers.acknowledged()
      } else {
        // what came before it on the wire comes before it in the stream
        if (isPending) await this.#acknowledgements.settled()
        isPending = false
        await this.#answerOther(call, exchange).then(
          (value) => answers.result(value),
          (error: unknown) => answers.fault(error),
        )
      }
    }
    if (isPending) await this.#acknowledgements.settled()
    return answers.whole
  }

  /** Hands a call of a multicall on, at once if the gate lets it. */
  #hand(call: PendingCall, exchange: Exchange): Promise<void> | undefined {
    const { gate } = this
    const interfaceId = (call.params.data as readonly string[])[0] ?? ''
    if (gate.isOpen || gate.mayPass(interfaceId)) {
      this.#acknowledgements.add(call)
      return undefined
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        this.#acknowledgements.add(call)
        resolve()
      }
      gate.wait(interfaceId, exchange.presence, { go, gone: reject })
    })
  }

  async #answerOther(call: TableCall, exchange: Exchange): Promise<XmlRpcInput> {
    const known = call.methodName === LIST_DEVICES ? this.#knownDevices(call.params) : undefined
    if (known !== undefined) return fromCrossing(known)
    if (!this.#methods.has(call.methodName)) {
      throw new XmlRpcFault(FAULT_CODE.methodNotFound, `Method not found: ${call.methodName}`)
    }
    return readOutcome(await this.#ask(call, exchange))
  }

  #knownDevices(params: readonly XmlRpcValue[]): Crossing | undefined {
    const [interfaceId] = params
    return typeof interfaceId === 'string' ? this.#deviceLists.get(interfaceId) : undefined
  }

  async #ask(call: TableCall, exchange: Exchange): Promise<CallOutcome> {
    const { methodName } = call
    const { handlerTimeoutMs } = this.#options
    this.#acknowledgements.flush()
    try {
      const question = { method: methodName, params: toCrossing(call.params) }
      return await this.#context.ask('call', question, { timeoutMs: handlerTimeoutMs, signal: exchange.signal })
    } catch (error) {
      if (error instanceof TimeoutError) {
        exchange.hasFailed = true
        throw new XmlRpcFault(FAULT_CODE.applicationError, `${methodName} took longer than ${handlerTimeoutMs} ms`)
      }
      if (exchange.isOver || this.#context.signal.aborted) {
        throw new XmlRpcFault(FAULT_CODE.systemError, 'the server is stopping')
      }
      throw new XmlRpcFault(FAULT_CODE.internalError, `no answer to ${methodName} could be had`)
    }
  }
}

/** Collects the answers of a multicall; nothing is built while all of them are the same. */
class MulticallAnswers {
  #acknowledged = 0
  #answers: XmlRpcInput[] | undefined

  get whole(): XmlRpcInput | AllAcknowledged {
    return this.#answers ?? new AllAcknowledged(this.#acknowledged)
  }

  acknowledged(): void {
    if (this.#answers === undefined) this.#acknowledged++
    else this.#answers.push([true])
  }

  result(value: XmlRpcInput): void {
    this.#list.push([value])
  }

  fault(error: unknown): void {
    if (!(error instanceof XmlRpcFault)) throw error
    this.#list.push({ faultCode: error.faultCode, faultString: error.faultString })
  }

  get #list(): XmlRpcInput[] {
    this.#answers ??= Array.from({ length: this.#acknowledged }, () => [true])
    return this.#answers
  }
}

function weightOf({ bodyBytes }: Exchange, calls: number): number {
  return Math.max(1, Math.floor(bodyBytes / calls / WEIGHT_BYTES))
}

function toPending({ methodName, params }: TableCall, weight: number): PendingCall {
  return { method: methodName, params: toCrossing(params), weight }
}

function readOutcome(outcome: CallOutcome): XmlRpcInput {
  if (outcome.kind === 'result') return fromCrossing(outcome.value)
  throw new XmlRpcFault(outcome.faultCode, outcome.faultString)
}

function readEntries({ params, calls }: TableCall, maxCalls: number): readonly (XmlRpcValue | CallEntry)[] {
  const entries: XmlRpcValue | readonly CallEntry[] | undefined = calls ?? params[0]
  if ((calls === undefined && params.length !== 1) || !Array.isArray(entries)) {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${MULTICALL} takes one array of calls`)
  }
  if (entries.length <= maxCalls) return entries
  throw new XmlRpcFault(FAULT_CODE.invalidRequest, `${MULTICALL} takes at most ${maxCalls} calls`)
}

/** Reads an entry of a multicall, or says what is wrong with it. */
function readEntry(entry: XmlRpcValue | CallEntry): TableCall | XmlRpcFault {
  const call = entry instanceof CallEntry ? entry : readStruct(entry)
  return call instanceof XmlRpcFault ? call : checkEntry(call)
}

function readStruct(entry: XmlRpcValue): TableCall | XmlRpcFault {
  if (!isStruct(entry)) return new XmlRpcFault(FAULT_CODE.invalidParams, 'an entry is not a struct')
  const { methodName, params } = entry
  if (typeof methodName !== 'string') return new XmlRpcFault(FAULT_CODE.invalidParams, 'methodName is not a string')
  if (!Array.isArray(params)) return new XmlRpcFault(FAULT_CODE.invalidParams, 'params is not an array')
  return { methodName, params }
}

function checkEntry(call: TableCall): TableCall | XmlRpcFault {
  const { methodName } = call
  if (methodName === MULTICALL) return new XmlRpcFault(FAULT_CODE.invalidRequest, `${MULTICALL} must not be nested`)
  const arity = ACKNOWLEDGED_ARITY.get(methodName)
  try {
    if (arity !== undefined) checkParams(call, arity)
  } catch (error) {
    return error as XmlRpcFault
  }
  return call
}

/** @returns the interface id */
function checkParams({ methodName, params }: TableCall, arity: number): string {
  if (params.length !== arity) {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${methodName} takes ${arity} parameters, not ${params.length}`)
  }
  const [interfaceId] = params
  if (typeof interfaceId !== 'string') {
    throw new XmlRpcFault(FAULT_CODE.invalidParams, `${methodName} takes an interface id first, which is a string`)
  }
  if (interfaceId.length > MAX_INTERFACE_ID) throw interfaceIdFault(interfaceId.length)
  return interfaceId
}
