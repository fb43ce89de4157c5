import type { EngineContext } from '@x/loop-utils/channel'
import { type ReceivedCall, ReceivedCallDecoder } from '../codec/decode.ts'
import type { DecodeOptions } from '../codec/decode-options.ts'
import { XmlRpcEncodeError } from '../codec/encode-error.ts'
import type { XmlRpcEncoding } from '../codec/encoding.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { XmlRpcProtocolError } from '../codec/protocol-error.ts'
import { protocolFault } from '../dispatcher/protocol-fault.ts'
import type { XmlRpcInput } from '../codec/value.ts'
import { MULTICALL, writeAnswers } from '../dispatcher/multicall.ts'
import { AllAcknowledged, type AnswerTable } from './answer-table.ts'
import { AnswerWriter } from './answer-writer.ts'
import type { XmlRpcEngineContract, XmlRpcEngineOptions } from './contract.ts'
import type { Answer, Exchange } from './exchange.ts'
import { charsetOf, type HttpRefusal, refusalOf, refuse, tooLarge } from './http-refusal.ts'
import { BodyAborted, BodyReader, BodyTooLarge } from './request-body.ts'

/** Answers HTTP requests that are to be XML-RPC calls. */
export class CallAnswerer {
  readonly #table: AnswerTable
  readonly #options: XmlRpcEngineOptions
  readonly #decodeOptions: DecodeOptions
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #writer: AnswerWriter
  readonly #take = (call: ReceivedCall, exchange: Exchange): void => this.#answerCall(call, exchange)
  readonly #fail = (error: unknown, exchange: Exchange): void => this.#answerFailure(error, exchange)

  constructor(table: AnswerTable, options: XmlRpcEngineOptions, context: EngineContext<XmlRpcEngineContract>) {
    this.#table = table
    this.#options = options
    this.#context = context
    this.#writer = new AnswerWriter(options)
    const { maxBodyBytes: maxBytes, maxDepth, maxNodes, lenientBooleans, encodingFallback } = options
    const bounds = { maxBytes, maxDepth, maxNodes, lenientBooleans }
    this.#decodeOptions = Object.freeze(encodingFallback === null ? bounds : { ...bounds, encodingFallback })
  }

  /** Answers in the end, or settles the exchange without an answer when its peer is gone. */
  answer(exchange: Exchange): void {
    const { maxBodyBytes } = this.#options
    const refusal = refusalOf(exchange, maxBodyBytes)
    if (refusal !== undefined) {
      refuse(exchange, refusal)
      return
    }
    const charset = charsetOf(exchange.request)
    const options = charset === undefined ? this.#decodeOptions : { ...this.#decodeOptions, charset }
    new CallReader(exchange, maxBodyBytes, { options, take: this.#take, failed: this.#fail }).read()
  }

  #answerCall(call: ReceivedCall, exchange: Exchange): void {
    const { encoding } = call
    try {
      const isAcknowledged = this.#table.acknowledge(call, exchange, (error) => {
        if (error === undefined) exchange.answer(200, this.#writer.acknowledgement(encoding), 'ok')
        else this.#answerFailure(error, exchange)
      })
      if (!isAcknowledged) void this.#answerLater(call, exchange)
    } catch (error) {
      this.#answerError(error, exchange, encoding)
    }
  }

  /** Never rejects. */
  async #answerLater(call: ReceivedCall, exchange: Exchange): Promise<void> {
    try {
      const value = await this.#table.answer(call, exchange)
      exchange.answer(200, this.#write(value, call), 'ok')
    } catch (error) {
      this.#answerError(error, exchange, call.encoding)
    }
  }

  #write(value: XmlRpcInput | AllAcknowledged, { methodName, encoding }: ReceivedCall): Answer {
    if (methodName !== MULTICALL || value instanceof AllAcknowledged) return this.#writer.result(value, encoding)
    return writeAnswers(value, { write: (part) => this.#writer.result(part, encoding), faultFor: unwritable })
  }

  #answerError(error: unknown, exchange: Exchange, encoding: XmlRpcEncoding): void {
    const fault = asFault(error)
    if (fault === undefined) this.#answerFailure(error, exchange)
    else exchange.answer(200, this.#writer.fault(fault, encoding), 'error')
  }

  #answerFailure(error: unknown, exchange: Exchange): void {
    if (error instanceof BodyAborted) exchange.settle('gone')
    else if (error instanceof BodyTooLarge) refuse(exchange, tooLarge(this.#options.maxBodyBytes))
    else if (error instanceof XmlRpcProtocolError) this.#answerNoCall(error, exchange)
    else if (exchange.isOver) refuse(exchange, { status: 503, text: 'the server is stopping', close: true })
    else {
      this.#context.log('error', { error: String(error) }, 'could not answer a request')
      refuse(exchange, { status: 500, text: 'Internal Server Error' })
    }
  }

  #answerNoCall(error: XmlRpcProtocolError, exchange: Exchange): void {
    const { remoteAddress } = exchange.request.socket
    this.#context.log('warn', { code: error.code, offset: error.offset, remoteAddress }, 'refused what is no call')
    if (this.#options.parseErrorAs === 'http-400') {
      refuse(exchange, notACall(error))
      return
    }
    exchange.answer(200, this.#writer.fault(protocolFault(error), 'utf-8'), 'error')
  }
}

/** What becomes of a body. */
interface CallReaderParts {
  readonly options: DecodeOptions
  readonly take: (call: ReceivedCall, exchange: Exchange) => void
  readonly failed: (error: unknown, exchange: Exchange) => void
}

/** Decodes a body while it comes. */
class CallReader extends BodyReader {
  readonly #parts: CallReaderParts
  #decoder: ReceivedCallDecoder | undefined

  constructor(exchange: Exchange, maxBytes: number, parts: CallReaderParts) {
    super(exchange, maxBytes)
    this.#parts = parts
  }

  protected override whole(bytes: Uint8Array): void {
    this.#parts.take(new ReceivedCallDecoder(this.#parts.options).end(bytes), this.exchange)
  }

  protected override piece(bytes: Uint8Array): void {
    this.#decoder ??= new ReceivedCallDecoder(this.#parts.options)
    this.#decoder.push(bytes)
  }

  protected override end(): void {
    const decoder = this.#decoder ?? new ReceivedCallDecoder(this.#parts.options)
    this.#parts.take(decoder.end(), this.exchange)
  }

  protected override failed(error: unknown): void {
    this.#parts.failed(error, this.exchange)
  }
}

function asFault(error: unknown): XmlRpcFault | undefined {
  if (error instanceof XmlRpcFault) return error
  return error instanceof XmlRpcEncodeError ? unwritable(error) : undefined
}

/** A handler's result that the dialect has no form for is the server's mistake, not the caller's. */
function unwritable({ message }: XmlRpcEncodeError): XmlRpcFault {
  return new XmlRpcFault(FAULT_CODE.internalError, message)
}

/** The body says where, and not what was expected: whoever probes the server learns little. */
function notACall({ code, offset }: XmlRpcProtocolError): HttpRefusal {
  return { status: 400, text: `not an XML-RPC call: ${code} at byte ${offset}` }
}
