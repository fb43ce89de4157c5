import type { EncodeRules, XmlRpcOutputEncoding } from './encode-options.ts'
import { encodeSingleByte, singleByteOf } from './single-byte.ts'

/** What cannot stand for itself in character data, whatever the encoding. */
// oxlint-disable-next-line no-control-regex -- controls are among it
const SPECIAL = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/
// oxlint-disable-next-line no-control-regex -- controls are among it
const SPECIALS = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu
// oxlint-disable-next-line no-control-regex -- all but ASCII
const BEYOND_ASCII = /[^\u0000-\u007f]/gu

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

/** A character that has no form in the dialect or encoding. */
export class UnencodableCharacter extends Error {
  override readonly name = 'UnencodableCharacter'

  constructor(character: string, where: string) {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    super(`holds U+${code}, which ${where} cannot express; remove it, or set unencodable to 'replace'`)
  }
}

/**
 * Character data that a decoder reads as `text`.
 *
 * @throws UnencodableCharacter when there is none and the rules want no replacement
 */
export function escapeText(text: string, rules: EncodeRules): string {
  const escaped = SPECIAL.test(text) ? text.replace(SPECIALS, (special) => escapeSpecial(special, rules)) : text
  if (rules.encoding === 'utf-8') return escaped
  return escaped.replace(BEYOND_ASCII, (character) => encodable(character, rules))
}

function escapeSpecial(special: string, rules: EncodeRules): string {
  const escape = ESCAPES.get(special)
  if (escape !== undefined) return escape
  // A bare CR would be read as a line feed; XmlRpc++ takes it as it is and does not know the reference.
  if (special === '\r') return rules.dialect === 'ccu' ? special : '&#13;'
  return replacement(special, 'XML', rules)
}

function encodable(character: string, rules: EncodeRules): string {
  const { encoding, dialect } = rules
  const code = character.codePointAt(0) ?? 0
  if (encoding !== 'utf-8' && encoding !== 'us-ascii' && singleByteOf(code, encoding) >= 0) return character
  return dialect === 'ccu' ? replacement(character, `${encoding} in the ccu dialect`, rules) : `&#${code};`
}

function replacement(character: string, where: string, rules: EncodeRules): string {
  if (rules.unencodable === 'replace') return '?'
  throw new UnencodableCharacter(character, where)
}

/** The bytes of a document of which every character is in the encoding. */
export function encodeText(text: string, encoding: XmlRpcOutputEncoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8')
  return encodeSingleByte(text, encoding === 'us-ascii' ? 'iso-8859-1' : encoding)
}
