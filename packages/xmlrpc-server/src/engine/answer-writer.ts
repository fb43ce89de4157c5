import { encodeFault, encodeMethodResponse } from '../codec/encode.ts'
import { XmlRpcEncodeError } from '../codec/encode-error.ts'
import type { EncodeOptions, XmlRpcOutputEncoding } from '../codec/encode-options.ts'
import type { XmlRpcEncoding } from '../codec/encoding.ts'
import type { XmlRpcFault } from '../codec/fault.ts'
import type { XmlRpcInput } from '../codec/value.ts'
import { AllAcknowledged } from './answer-table.ts'
import type { XmlRpcEngineOptions } from './contract.ts'
import { type Answer, answerOf } from './exchange.ts'

type WriterOptions = Pick<XmlRpcEngineOptions, 'dialect' | 'emptyString' | 'answerEncoding'>

/** Up to how many acknowledgements in one answer are kept ready. */
const MOST_KEPT = 128

/** Writes the documents of answers in the dialect and encoding that the options ask for. */
export class AnswerWriter {
  readonly #options: WriterOptions
  readonly #forms = new Map<XmlRpcOutputEncoding, EncodedForms>()

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** The answer `true` to a request in that encoding. */
  acknowledgement(request: XmlRpcEncoding): Answer {
    return this.#formsFor(request).acknowledgement
  }

  /** @throws XmlRpcEncodeError when the dialect has no form for the result */
  result(value: XmlRpcInput | AllAcknowledged, request: XmlRpcEncoding): Answer {
    const forms = this.#formsFor(request)
    if (value === true) return forms.acknowledgement
    if (value instanceof AllAcknowledged) return forms.acknowledgements(value.count)
    try {
      return forms.result(value)
    } catch (error) {
      // a character that the encoding lacks: the answer says which encoding it has instead
      if (forms.encoding === 'utf-8' || !(error instanceof XmlRpcEncodeError)) throw error
      return this.#forms8.result(value)
    }
  }

  fault(fault: XmlRpcFault, request: XmlRpcEncoding): Answer {
    return this.#formsFor(request).fault(fault)
  }

  #formsFor(request: XmlRpcEncoding): EncodedForms {
    const { answerEncoding } = this.#options
    if (answerEncoding !== 'as-request') return this.#formsIn(answerEncoding)
    return request === 'utf-16le' || request === 'utf-16be' ? this.#forms8 : this.#formsIn(request)
  }

  get #forms8(): EncodedForms {
    return this.#formsIn('utf-8')
  }

  #formsIn(encoding: XmlRpcOutputEncoding): EncodedForms {
    const known = this.#forms.get(encoding)
    if (known !== undefined) return known
    const { dialect, emptyString } = this.#options
    const forms = new EncodedForms(encoding, { dialect, emptyString, encoding })
    this.#forms.set(encoding, forms)
    return forms
  }
}

/** The answers in one encoding; the usual ones are written once. */
class EncodedForms {
  readonly encoding: XmlRpcOutputEncoding
  readonly acknowledgement: Answer
  readonly #options: EncodeOptions
  readonly #kept = new Map<number, Answer>()
  readonly #type: string

  constructor(encoding: XmlRpcOutputEncoding, options: EncodeOptions) {
    this.encoding = encoding
    this.#options = options
    this.#type = `text/xml; charset=${encoding}`
    this.acknowledgement = this.result(true)
  }

  acknowledgements(count: number): Answer {
    const kept = this.#kept.get(count)
    if (kept !== undefined) return kept
    const answer = this.result(Array.from({ length: count }, () => [true]))
    if (count <= MOST_KEPT) this.#kept.set(count, answer)
    return answer
  }

  result(value: XmlRpcInput): Answer {
    return answerOf(this.#type, encodeMethodResponse(value, this.#options))
  }

  fault(fault: XmlRpcFault): Answer {
    return answerOf(this.#type, encodeFault(fault, this.#options))
  }
}
