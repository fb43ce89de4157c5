/**
 * 1 for ASCII characters that stand for themselves in character data: all but `<`, `&`, CR, `]` (it may begin `]]>`) and
 * the controls that XML forbids.
 */
const PLAIN = new Uint8Array(128)
for (let code = 32; code < 128; code++) PLAIN[code] = 1
for (const code of [9, 10]) PLAIN[code] = 1
for (const character of '<&]') PLAIN[character.charCodeAt(0)] = 0

/**
 * Where a run of character data that begins at `from` ends in a `<`, when all of it stands for itself; else -1.
 */
export function plainRunEnd(text: string, from: number): number {
  const length = text.length
  for (let at = from; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < 128) {
      if (PLAIN[code] === 0) return code === 60 ? at : -1
    } else if (code >= 0xfffe) {
      return -1
    }
  }
  return -1
}

/** Characters that no XML 1.0 document may contain (section 2.2); lone surrogates are refused with the encoding. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const FORBIDDEN_CHARACTER: RegExp = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const NEWLINES = /\r\n?/g

/** Line ends as XML 1.0, 2.11, wants them: CR and CRLF become LF. */
export function normalizeNewlines(text: string): string {
  return text.includes('\r') ? text.replace(NEWLINES, '\n') : text
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/** Longest reference that is read, `&` and `;` included. */
const MAX_REFERENCE = 16
const NUMERIC = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/

/** What {@link resolveReferences} found wrong, and where. */
export interface BadReference {
  readonly at: number
  readonly reference: string
}

/** Text with line ends normalised, and with the five named entities and character references replaced; others are refused. */
export function resolveReferences(text: string): string | BadReference {
  let at = text.indexOf('&')
  if (at < 0) return normalizeNewlines(text)
  let resolved = ''
  let done = 0
  while (at >= 0) {
    const end = text.slice(at, at + MAX_REFERENCE).indexOf(';')
    const character = end < 0 ? undefined : referenced(text.slice(at + 1, at + end))
    if (character === undefined) return { at, reference: text.slice(at, at + (end < 0 ? 8 : end + 1)) }
    resolved += normalizeNewlines(text.slice(done, at)) + character
    done = at + end + 1
    at = text.indexOf('&', done)
  }
  return resolved + normalizeNewlines(text.slice(done))
}

function referenced(name: string): string | undefined {
  const named = NAMED.get(name)
  if (named !== undefined) return named
  const match = NUMERIC.exec(name)
  if (match === null) return undefined
  const [, hexadecimal, decimal = ''] = match
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16)
  return isCharacter(code) ? String.fromCodePoint(code) : undefined
}

function isCharacter(code: number): boolean {
  if (code < 32) return code === 9 || code === 10 || code === 13
  return code < 0xd800 || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff)
}

/** Where the white space that begins at `from` ends. */
export function skipWhite(text: string, from: number): number {
  let at = from
  while (isWhite(text.charCodeAt(at))) at++
  return at
}

/** A text without the white space around it; a pattern would be tried at each space within. */
export function trimWhite(text: string): string {
  const from = skipWhite(text, 0)
  let to = text.length
  while (to > from && isWhite(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isWhite(code: number): boolean {
  return code === 10 || code === 32 || code === 13 || code === 9
}
