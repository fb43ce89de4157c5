import type { DecodeRules } from './decode-options.ts'
import { DocumentParser } from './document-parser.ts'
import { detectEncoding, tellsEncoding, type XmlRpcEncoding } from './encoding.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import type { ElementRule } from './grammar.ts'
import { positionAfter } from './position.ts'
import { XmlRpcProtocolError, type DocumentPosition, type XmlRpcProtocolReason } from './protocol-error.ts'
import { byteLength, TextDecoding } from './text-decoding.ts'

/** What a document had that XML forbids and that the decoder passes over, since peers written in C send it. */
export type XmlRpcToleration = 'leading-space' | 'trailing-nul'

const NO_TOLERATIONS: readonly XmlRpcToleration[] = Object.freeze([])
const NO_BYTES: Buffer = Buffer.alloc(0)
const START: DocumentPosition = { offset: 0, line: 1, column: 1 }

/** Reads one document from its bytes, which may come in pieces; the result does not depend on where they were cut. */
export class DocumentReading {
  readonly parser: DocumentParser
  readonly #rules: DecodeRules
  #decoding: TextDecoding | undefined
  /** The first bytes, until they are enough to tell the encoding. */
  #head: Buffer = NO_BYTES
  #received = 0
  readonly #waiting = new GatheredBytes()
  /** Where the text that the parser still holds begins. */
  #before: DocumentPosition = START

  constructor(document: ElementRule, rules: DecodeRules) {
    this.#rules = rules
    this.parser = new DocumentParser(document, rules, (reason, detail, at) => this.#fail(reason, detail, at))
  }

  get encoding(): XmlRpcEncoding {
    return this.#decoding?.encoding ?? 'utf-8'
  }

  get tolerated(): readonly XmlRpcToleration[] {
    const { hasLeadingSpace, hasTrailingNul } = this.parser.scanner
    if (!hasLeadingSpace && !hasTrailingNul) return NO_TOLERATIONS
    const tolerated: XmlRpcToleration[] = []
    if (hasLeadingSpace) tolerated.push('leading-space')
    if (hasTrailingNul) tolerated.push('trailing-nul')
    return tolerated
  }

  push(bytes: Uint8Array, isLast: boolean): void {
    this.#received += bytes.byteLength
    if (this.#received > this.#rules.maxBytes) {
      const problem = `a document of more than ${this.#rules.maxBytes} bytes; raise maxBytes to admit it`
      throw new XmlRpcProtocolError('limit', problem, { ...START, offset: this.#rules.maxBytes })
    }
    const piece = this.#gather(asBuffer(bytes), isLast)
    if (piece === undefined) return
    if (this.#decoding !== undefined) return this.#read(this.#decoding, piece, isLast)
    const head = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece])
    if (!isLast && !tellsEncoding(head)) {
      this.#head = Buffer.from(head)
      return
    }
    const detected = detectEncoding(head, this.#rules)
    this.#decoding = new TextDecoding(detected)
    this.#before = { ...START, offset: detected.markLength }
    const { markLength } = detected
    this.#read(this.#decoding, markLength === 0 ? head : head.subarray(markLength), isLast)
  }

  /**
   * Joins pieces until they are as long as the text of the token that awaits its end: a long text in small pieces would
   * else be looked at again with each.
   */
  #gather(piece: Buffer, isLast: boolean): Buffer | undefined {
    const isEnough = isLast || this.#waiting.length + piece.length >= this.parser.scanner.text.length
    if (isEnough && this.#waiting.length === 0) return piece
    this.#waiting.append(piece)
    return isEnough ? this.#waiting.take() : undefined
  }

  #read(decoding: TextDecoding, bytes: Buffer, isLast: boolean): void {
    const { text, illegal } = decoding.decode(bytes, isLast)
    this.parser.push(text, isLast && illegal === undefined)
    if (illegal !== undefined) {
      const problem = `byte 0x${illegal.toString(16).padStart(2, '0')} is not ${decoding.encoding}; declare the encoding`
      this.#fail('character', problem, this.parser.scanner.text.length)
    }
    if (isLast) return
    const done = this.parser.release()
    this.#before = this.#after(done)
  }

  #fail(reason: XmlRpcProtocolReason, detail: string, at: number): never {
    throw new XmlRpcProtocolError(reason, detail, this.#after(this.parser.scanner.text.slice(0, at)))
  }

  #after(text: string): DocumentPosition {
    const { offset } = this.#before
    return { offset: offset + byteLength(text, this.encoding), ...positionAfter(text, this.#before) }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
