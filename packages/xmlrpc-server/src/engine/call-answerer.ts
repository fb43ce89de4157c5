import type { EngineContext } from '@x/loop-utils/channel'
import { MethodCallDecoder, type MethodCall } from '../codec/decode.ts'
import { encodeFault, encodeMethodResponse } from '../codec/encode.ts'
import { XmlRpcEncodeError } from '../codec/encode-error.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { XmlRpcProtocolError } from '../codec/protocol-error.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnswerTable } from './answer-table.ts'
import type { XmlRpcEngineContract, XmlRpcEngineOptions } from './contract.ts'
import { answer, refuse } from './http-answer.ts'
import { charsetOf, type HttpRefusal, refusalOf, tooLarge } from './http-refusal.ts'
import type { RequestLife } from './request-life.ts'
import { BodyAborted, BodyTooLarge, readBody } from './request-body.ts'

/** Whether a request was answered without an error. */
export type AnswerOutcome = 'ok' | 'error' | 'gone'

const XML_TYPE = 'text/xml; charset=utf-8'

/** Answers one HTTP request that is to be an XML-RPC call. */
export class CallAnswerer {
  readonly #table: AnswerTable
  readonly #options: XmlRpcEngineOptions
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #acknowledgement: Uint8Array

  constructor(table: AnswerTable, options: XmlRpcEngineOptions, context: EngineContext<XmlRpcEngineContract>) {
    this.#table = table
    this.#options = options
    this.#context = context
    this.#acknowledgement = encodeMethodResponse(true, { dialect: options.dialect })
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse, life: RequestLife): Promise<AnswerOutcome> {
    const refusal = refusalOf(request, this.#options.maxBodyBytes)
    if (refusal !== undefined) return this.#refuse(response, refusal)
    try {
      const call = await this.#read(request)
      return await this.#answerCall(call, response, life)
    } catch (error) {
      return this.#answerFailure(error, response, life)
    }
  }

  async #read(request: IncomingMessage): Promise<MethodCall> {
    const { maxBodyBytes, maxDepth, maxNodes } = this.#options
    const charset = charsetOf(request)
    const decoder = new MethodCallDecoder({
      maxBytes: maxBodyBytes,
      maxDepth,
      maxNodes,
      ...(charset === undefined ? {} : { charset }),
    })
    await readBody(request, maxBodyBytes, (bytes) => decoder.push(bytes))
    return decoder.end()
  }

  async #answerCall(call: MethodCall, response: ServerResponse, life: RequestLife): Promise<AnswerOutcome> {
    const { dialect } = this.#options
    try {
      const value = await this.#table.answer(call, life)
      const bytes = value === true ? this.#acknowledgement : encodeMethodResponse(value, { dialect })
      answer(response, 200, { type: XML_TYPE, bytes })
      return 'ok'
    } catch (error) {
      const fault = asFault(error)
      if (fault === undefined) throw error
      this.#answerFault(response, fault)
      return 'error'
    }
  }

  #answerFault(response: ServerResponse, fault: XmlRpcFault): void {
    const bytes = encodeFault(fault, { dialect: this.#options.dialect })
    answer(response, 200, { type: XML_TYPE, bytes })
  }

  #answerFailure(error: unknown, response: ServerResponse, life: RequestLife): AnswerOutcome {
    if (error instanceof BodyAborted) return 'gone'
    if (error instanceof BodyTooLarge) return this.#refuse(response, tooLarge(this.#options.maxBodyBytes))
    if (error instanceof XmlRpcProtocolError) {
      this.#context.log('warn', { code: error.code, offset: error.offset }, 'refused a document that is no call')
      if (this.#options.parseErrorAs === 'http-400') return this.#refuse(response, notACall(error))
      this.#answerFault(response, new XmlRpcFault(FAULT_CODE.parseError, error.message))
      return 'error'
    }
    if (life.isOver) return this.#refuse(response, { status: 503, text: 'the server is stopping', close: true })
    this.#context.log('error', { error: String(error) }, 'could not answer a request')
    return this.#refuse(response, { status: 500, text: 'Internal Server Error' })
  }

  #refuse(response: ServerResponse, refusal: HttpRefusal): AnswerOutcome {
    refuse(response, refusal)
    return 'error'
  }
}

function asFault(error: unknown): XmlRpcFault | undefined {
  if (error instanceof XmlRpcFault) return error
  // a handler's result that the dialect has no form for is the server's mistake, not the caller's
  if (error instanceof XmlRpcEncodeError) return new XmlRpcFault(FAULT_CODE.internalError, error.message)
  return undefined
}

/** The body says where, and not what was expected: whoever probes the server learns little. */
function notACall({ code, offset }: XmlRpcProtocolError): HttpRefusal {
  return { status: 400, text: `not an XML-RPC call: ${code} at byte ${offset}` }
}
