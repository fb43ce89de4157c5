import { FORBIDDEN_CHARACTER, normalizeNewlines, resolveReferences } from './char-data.ts'
import type { XmlRpcProtocolReason } from './protocol-error.ts'

/** What {@link XmlScanner.next} found. */
export const TOKEN = {
  /** The text so far ends within a token: more has to be appended. */
  starved: 0,
  /** Character data; `value` is the text, resolved. */
  text: 1,
  /** A start tag; `value` is its name. */
  start: 2,
  /** An end tag; `value` is its name. */
  end: 3,
  /** An empty-element tag; `value` is its name. */
  empty: 4,
  /** The end of the document. */
  eof: 5,
} as const

/** Builds and throws the error for a place in the text. */
export type Fail = (reason: XmlRpcProtocolReason, detail: string, at: number) => never

/** Longest tag that is read, in characters. */
const MAX_TAG = 4096
/** The declaration ends within as many characters; those that find the encoding look at no more. */
export const MAX_DECLARATION = 512

// Names are checked closely by the grammar, which knows every one that may occur; what is refused here is not XML at all.
const NAME = String.raw`[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*`
const SPACE = String.raw`[\t\n\r ]`
const ATTRIBUTES = `(?:${SPACE}+${NAME}${SPACE}*=${SPACE}*(?:"[^"<]*"|'[^'<]*'))*`
const START_TAG = new RegExp(`^<(${NAME})(${ATTRIBUTES})${SPACE}*(/?)>`)
const END_TAG = new RegExp(`^</(${NAME})${SPACE}*>`)
const PARTIAL = `(?:${SPACE}+(?:${NAME}${SPACE}*(?:=${SPACE}*(?:"[^"<]*|'[^'<]*)?)?)?)?`
/** What may still become a tag when more text comes. */
const BEGINNING = new RegExp(`^<(?:/?|/${NAME}${SPACE}*|${NAME}${ATTRIBUTES}(?:${PARTIAL}|${SPACE}*/))$`)
const ATTRIBUTE = new RegExp(`(${NAME})${SPACE}*=${SPACE}*(?:"([^"]*)"|'([^']*)')`, 'g')
const DECLARATION = new RegExp(
  `^${SPACE}*<\\?xml${SPACE}+version${SPACE}*=${SPACE}*(?:"1\\.[0-9]"|'1\\.[0-9]')` +
    `(?:${SPACE}+encoding${SPACE}*=${SPACE}*(?:"[A-Za-z][\\w.\\-]*"|'[A-Za-z][\\w.\\-]*'))?` +
    `(?:${SPACE}+standalone${SPACE}*=${SPACE}*(?:"(?:yes|no)"|'(?:yes|no)'))?${SPACE}*\\?>`,
)
/** White space before the declaration is passed over: peers written in C send it. */
const DECLARATION_START = /^([\t\n\r ]*)<\?xml(?:[\t\n\r ]|\?)/
const DECLARATION_BEGINNING = /^[\t\n\r ]*(?:<(?:\?(?:x(?:m(?:l(?:[\t\n\r ][^>]*)?)?)?)?)?)?$/
const PI_TARGET = new RegExp(`^<\\?(${NAME})(?:${SPACE}|\\?>)`)

/**
 * Cuts the text of an XML document into tags and character data, and refuses what is not well-formed. It holds no
 * position in the element tree. Text may come in pieces: a token that is not complete yet is left for later.
 */
export class XmlScanner {
  text = ''
  /** Where the next token begins. */
  pos = 0
  /** Whether `text` ends with the document. */
  isFinal = false
  /** The text or the name of the token that was found last. */
  value = ''
  /** Where the token that was found last begins. */
  tokenStart = 0
  /** Whether the root element has ended: the caller says so, and NULs at the end of the document are passed over. */
  isAfterRoot = false
  /** Whether white space came before the XML declaration. */
  hasLeadingSpace = false
  /** Whether NULs came at the end of the document. */
  hasTrailingNul = false
  readonly #fail: Fail
  /** From where an end that has not been found yet is looked for. */
  #searched = 0
  #isStart = true

  constructor(fail: Fail) {
    this.#fail = fail
  }

  next(): number {
    if (this.#isStart && !this.#readDeclaration()) return TOKEN.starved
    for (;;) {
      this.tokenStart = this.pos
      if (this.pos >= this.text.length) return this.isFinal ? TOKEN.eof : TOKEN.starved
      const token = this.text.charCodeAt(this.pos) === 60 ? this.#readMarkup() : this.#readCharacters()
      if (token !== undefined) return token
    }
  }

  /** Lets go of the text before `from`, which was read, and returns it. */
  release(from: number): string {
    const released = this.text.slice(0, from)
    this.text = this.text.slice(from)
    this.pos -= from
    this.tokenStart -= from
    this.#searched = Math.max(0, this.#searched - from)
    return released
  }

  /** A token, or undefined after a comment or a processing instruction. */
  #readMarkup(): number | undefined {
    switch (this.text.charCodeAt(this.pos + 1)) {
      case 47:
        return this.#readEndTag()
      case 33:
        return this.#readDeclaredMarkup()
      case 63:
        return this.#readInstruction()
      default:
        return this.#readStartTag()
    }
  }

  #readStartTag(): number {
    const end = nameEnd(this.text, this.pos + 1)
    if (end > this.pos + 1 && end - this.pos < MAX_TAG && this.text.charCodeAt(end) === 62) {
      this.value = this.text.slice(this.pos + 1, end)
      this.pos = end + 1
      return TOKEN.start
    }
    const head = this.text.slice(this.pos, this.pos + MAX_TAG)
    const match = START_TAG.exec(head)
    if (match === null) return this.#awaitTag(head)
    const [tag, name = '', attributes = '', slash] = match
    if (attributes !== '') this.#checkAttributes(attributes, this.pos + 1 + name.length)
    this.value = name
    this.pos += tag.length
    return slash === '' ? TOKEN.start : TOKEN.empty
  }

  #readEndTag(): number {
    const end = nameEnd(this.text, this.pos + 2)
    if (end > this.pos + 2 && end - this.pos < MAX_TAG && this.text.charCodeAt(end) === 62) {
      this.value = this.text.slice(this.pos + 2, end)
      this.pos = end + 1
      return TOKEN.end
    }
    const head = this.text.slice(this.pos, this.pos + MAX_TAG)
    const match = END_TAG.exec(head)
    if (match === null) return this.#awaitTag(head)
    this.value = match[1] ?? ''
    this.pos += match[0].length
    return TOKEN.end
  }

  /** No complete tag begins here. */
  #awaitTag(head: string): number {
    if (!BEGINNING.test(head)) return this.#fail('syntax', `no XML tag begins with ${shownBad(head)}`, this.pos)
    if (head.length >= MAX_TAG) return this.#fail('limit', `a tag longer than ${MAX_TAG} characters`, this.pos)
    if (!this.isFinal) return TOKEN.starved
    return this.#fail('truncated', `the document ends within the tag ${shown(head)}`, this.pos)
  }

  #checkAttributes(attributes: string, at: number): void {
    const names = new Set<string>()
    for (const { 1: name = '', 2: double, 3: single, index } of attributes.matchAll(ATTRIBUTE)) {
      if (names.has(name)) this.#fail('syntax', `attribute '${name.slice(0, 40)}' is given twice`, at + index)
      names.add(name)
      this.#resolve(double ?? single ?? '', at + index)
    }
  }

  /** `<!…`: a comment, CDATA, or something that is refused. */
  #readDeclaredMarkup(): number | undefined {
    const { text, pos } = this
    if (text.startsWith('<!--', pos)) return this.#skipComment()
    if (text.startsWith('<![CDATA[', pos)) return this.#readCdata()
    const begun = text.slice(pos, pos + 9)
    if (!this.isFinal && ('<!--'.startsWith(begun) || '<![CDATA['.startsWith(begun))) return TOKEN.starved
    if (text.startsWith('<!D', pos)) {
      this.#fail('doctype', 'a document type declaration is refused whatever it says; leave it out', pos)
    }
    return this.#fail('syntax', "'<!' that begins neither a comment nor a CDATA section", pos)
  }

  #skipComment(): number | undefined {
    const end = this.#find('--', 4)
    if (end < 0 || (!this.isFinal && end + 2 >= this.text.length)) return this.#awaitEnd('comment')
    if (this.text.charCodeAt(end + 2) !== 62) this.#fail('syntax', "'--' within a comment", end)
    this.#checkCharacters(this.text.slice(this.pos, end), this.pos)
    this.pos = end + 3
    return undefined
  }

  #readCdata(): number {
    const end = this.#find(']]>', 9)
    if (end < 0) return this.#awaitEnd('CDATA section')
    const content = this.text.slice(this.pos + 9, end)
    this.#checkCharacters(content, this.pos + 9)
    this.value = normalizeNewlines(content)
    this.pos = end + 3
    return TOKEN.text
  }

  #readInstruction(): number | undefined {
    const end = this.#find('?>', 2)
    if (end < 0) return this.#awaitEnd('processing instruction')
    const target = PI_TARGET.exec(this.text.slice(this.pos, end + 2))?.[1]
    if (target === undefined) return this.#fail('syntax', 'a processing instruction without a proper target', this.pos)
    if (target.toLowerCase() === 'xml')
      this.#fail('syntax', 'an XML declaration that does not begin the document', this.pos)
    this.#checkCharacters(this.text.slice(this.pos, end), this.pos)
    this.pos = end + 2
    return undefined
  }

  #readCharacters(): number {
    const found = this.#find('<', 0)
    if (found < 0 && !this.isFinal) return TOKEN.starved
    const end = found < 0 ? this.text.length : found
    const raw = found < 0 && this.isAfterRoot ? this.#withoutNuls(end) : this.text.slice(this.pos, end)
    const wrong = raw.indexOf(']]>')
    if (wrong >= 0) this.#fail('syntax', "']]>' in character data; write ']]&gt;'", this.pos + wrong)
    this.value = this.#resolve(raw, this.pos)
    this.pos = end
    return TOKEN.text
  }

  #withoutNuls(end: number): string {
    let last = end
    while (last > this.pos && this.text.charCodeAt(last - 1) === 0) last--
    this.hasTrailingNul = last < end
    return this.text.slice(this.pos, last)
  }

  #resolve(raw: string, at: number): string {
    this.#checkCharacters(raw, at)
    const resolved = resolveReferences(raw)
    if (typeof resolved === 'string') return resolved
    return this.#fail('reference', `no such reference: ${JSON.stringify(resolved.reference)}`, at + resolved.at)
  }

  #checkCharacters(text: string, at: number): void {
    const index = text.search(FORBIDDEN_CHARACTER)
    if (index < 0) return
    const code = text.charCodeAt(index).toString(16).padStart(4, '0').toUpperCase()
    this.#fail('character', `character U+${code} is not allowed in XML`, at + index)
  }

  /** Finds `end` behind the token's opening, not looking twice at what was looked at before. */
  #find(end: string, opening: number): number {
    const found = this.text.indexOf(end, Math.max(this.pos + opening, this.#searched))
    this.#searched = found < 0 ? Math.max(0, this.text.length - end.length + 1) : 0
    return found
  }

  #awaitEnd(what: string): number {
    if (!this.isFinal) return TOKEN.starved
    return this.#fail('truncated', `the document ends within a ${what}`, this.pos)
  }

  /** Reads the XML declaration, if there is one; false when more text is needed to tell. */
  #readDeclaration(): boolean {
    const head = this.text.slice(0, MAX_DECLARATION)
    if (!this.isFinal && isDeclarationBeginning(head)) return false
    this.#isStart = false
    const space = DECLARATION_START.exec(head)?.[1]
    if (space === undefined) return true
    const match = DECLARATION.exec(head)
    if (match === null) return this.#fail('syntax', 'the XML declaration is malformed or too long', space.length)
    this.hasLeadingSpace = space.length > 0
    this.pos = match[0].length
    return true
  }
}

/** The shortest part of a text that begins no tag: what comes behind it may not have arrived yet. */
function shownBad(text: string): string {
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (BEGINNING.test(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return shown(text.slice(0, bad))
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text)
}

/** Whether the beginning of a document may still become an XML declaration, or a longer one. */
export function isDeclarationBeginning(head: string): boolean {
  return head.length < MAX_DECLARATION && DECLARATION_BEGINNING.test(head)
}

/** Where a run of the characters that names of XML-RPC are made of ends. */
function nameEnd(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (!((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (at > from && isInnerNameCode(code)))) return at
    at++
  }
}

function isInnerNameCode(code: number): boolean {
  return (code >= 48 && code <= 58) || code === 46 || code === 45 || code === 95
}
