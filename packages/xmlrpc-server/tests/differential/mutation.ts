import type { Random } from '@x/loop-utils/clock'

const FRAGMENTS = [
  '<',
  '>',
  '/',
  '&',
  ';',
  '"',
  '=',
  ']]>',
  '<![CDATA[',
  '<!--',
  '-->',
  '--',
  '<?',
  '?>',
  '<?xml?>',
  '<!DOCTYPE a>',
  '&amp;',
  '&#65;',
  '&#x0;',
  '&lt;',
  '&a;',
  '\0',
  '\r',
  '\n',
  ' ',
  '\u00e4',
  '\ufeff',
  '<value>',
  '</value>',
  '<value/>',
  '<string>',
  '</string>',
  '<i4>1</i4>',
  '<nil/>',
  '<struct>',
  '</struct>',
  '<array><data>',
  '</data></array>',
  '<member>',
  '<name>a</name>',
  '<params>',
  '</params>',
  '<param>',
  '<methodName>',
  '</methodCall>',
  '<x>',
  '</x>',
  ' a="b"',
  ' a="b" a="c"',
  ' xmlns:ex="u"',
  'ex:',
  '1',
  '-',
  'e',
  '9'.repeat(20),
  '\t',
].map((text) => Buffer.from(text))

const RAW = [0x00, 0x09, 0x1f, 0x7f, 0x80, 0xa0, 0xc0, 0xc3, 0xe4, 0xed, 0xef, 0xf4, 0xf8, 0xfe, 0xff]

/** Changes documents at random: whole tags and texts, or bytes. */
export class Mutator {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  mutate(document: Uint8Array, donor: Uint8Array): Uint8Array {
    let bytes: Uint8Array = document
    for (let edits = 1 + this.#below(3); edits > 0; edits--) bytes = this.#edit(bytes, donor)
    return bytes
  }

  #edit(bytes: Uint8Array, donor: Uint8Array): Uint8Array {
    return this.#random() < 0.6 ? this.#editTokens(bytes, donor) : this.#editBytes(bytes)
  }

  #editTokens(bytes: Uint8Array, donor: Uint8Array): Uint8Array {
    const tokens = split(bytes)
    if (tokens.length === 0) return bytes
    const at = this.#below(tokens.length)
    const count = 1 + this.#below(3)
    const token = tokens[at] as Uint8Array
    const choice = this.#below(7)
    if (choice === 0) tokens.splice(at, count)
    else if (choice === 1) tokens.splice(at, 0, ...tokens.slice(at, at + count))
    else if (choice === 2) tokens.splice(at, 1, ...tokens.splice(this.#below(tokens.length), 1), token)
    else if (choice === 3) tokens.splice(at, 0, this.#pick(FRAGMENTS))
    else if (choice === 4) tokens[at] = this.#pick(FRAGMENTS)
    else if (choice === 5) tokens.splice(at, 1, ...someOf(split(donor), this.#random))
    else tokens[at] = this.#pick(tokens)
    return Buffer.concat(tokens)
  }

  #editBytes(bytes: Uint8Array): Uint8Array {
    const at = this.#below(bytes.length + 1)
    const choice = this.#below(5)
    const before = bytes.subarray(0, at)
    if (choice === 0) return Buffer.concat([before, bytes.subarray(at + 1 + this.#below(8))])
    if (choice === 1) return Buffer.concat([before, this.#pick(FRAGMENTS), bytes.subarray(at)])
    if (choice === 2) return Buffer.concat([before, Buffer.of(this.#pick(RAW)), bytes.subarray(at + 1)])
    if (choice === 3) return Buffer.concat([before, Buffer.of(this.#below(128)), bytes.subarray(at)])
    return this.#random() < 0.3 ? before : Buffer.concat([before, bytes.subarray(at).subarray(this.#below(3))])
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T
  }
}

function someOf(tokens: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const from = Math.floor(random() * tokens.length)
  return tokens.slice(from, from + 1 + Math.floor(random() * 6))
}

/** The tags of a document, and the texts between them. */
export function split(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1')
  return (text.match(/<[^>]*>?|[^<]+/g) ?? []).map((token) => Buffer.from(token, 'latin1'))
}
