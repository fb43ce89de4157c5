import { skipWhite } from './char-data.ts'
import type { CallEntry } from './call-entry.ts'
import { CompactValues, own } from './compact-values.ts'
import type { DecodeRules } from './decode-options.ts'
import { XmlRpcDouble } from './double.ts'
import { XmlRpcFault } from './fault.ts'
import { ARRAY, CALL_PARAMS, DATA, ELEMENT, STRUCT, VALUE, type ElementRule, type ScalarType } from './grammar.ts'
import { BadScalar, readScalar } from './scalars.ts'
import { TOKEN, XmlScanner, type Fail } from './scanner.ts'
import { emptyStruct, isStruct, type XmlRpcStruct, type XmlRpcValue } from './value.ts'

/** An element that has begun and not ended. */
class Frame {
  readonly rule: ElementRule
  readonly name: string
  /** Where its start tag stands in the scanner's text, as long as it holds only text itself. */
  start: number
  step = 0
  text = ''
  /** What its children gave: the value of a `value`, `member`, `param` …, the items of `data`, the members of `struct`. */
  value: XmlRpcValue = null
  /** The name of a member. */
  key = ''

  constructor(rule: ElementRule, name: string, start: number) {
    this.rule = rule
    this.name = name
    this.start = start
  }
}

const BLANK = /^[\t\n\r ]*$/
const METHOD_NAME = /^[A-Za-z0-9_.:/]+$/
const LONGEST_METHOD_NAME = 255
const MULTICALL = 'system.multicall'

/**
 * Builds the values of one XML-RPC document from its text, which may come in pieces. Time is linear in the length of
 * the text, and nesting uses no stack of the engine.
 */
export class DocumentParser {
  readonly scanner: XmlScanner
  /** Whether the calls of a multicall are wanted as {@link calls} where they can be had. */
  readsCalls = false
  /** What was found: the method's name of a call, its parameters or the results, and the fault of a response. */
  methodName = ''
  readonly params: XmlRpcValue[] = []
  /** The calls of a multicall, if they were read as such: then it has no parameters. */
  calls: readonly CallEntry[] | undefined
  fault: XmlRpcFault | undefined
  readonly #rules: DecodeRules
  readonly #fail: Fail
  readonly #compact: CompactValues
  readonly #stack: Frame[] = []
  #top: Frame
  #depth = 0
  #nodes = 0

  constructor(document: ElementRule, rules: DecodeRules, fail: Fail) {
    this.#rules = rules
    this.#fail = fail
    this.scanner = new XmlScanner(fail)
    this.#compact = new CompactValues(rules)
    this.#top = new Frame(document, 'the document', 0)
  }

  /** Appends text and reads as far as it goes; `isFinal` says that it ends the document. */
  push(text: string, isFinal: boolean): void {
    const { scanner } = this
    scanner.text = scanner.text === '' ? text : scanner.text + text
    scanner.isFinal = isFinal
    for (;;) {
      const { rule } = this.#top
      if (rule === STRUCT) this.#readMembers()
      else if (rule === DATA) this.#readItems()
      else if (rule === CALL_PARAMS) this.#readParams()
      const token = scanner.next()
      if (token === TOKEN.starved) return
      if (token === TOKEN.eof) return this.#finish()
      this.#accept(token)
    }
  }

  /** Lets go of text that was read, and returns it. */
  release(): string {
    const top = this.#top
    const isOpenScalar = top.rule.hasText && top.rule.kind !== ELEMENT.value
    const released = this.scanner.release(isOpenScalar ? top.start : this.scanner.pos)
    if (isOpenScalar) top.start = 0
    return released
  }

  #accept(token: number): void {
    const { value } = this.scanner
    if (token === TOKEN.text) this.#acceptText(value)
    else if (token === TOKEN.end) this.#end(value)
    else {
      this.#begin(value)
      if (token === TOKEN.empty) this.#end(value)
    }
  }

  #finish(): void {
    const { rule, step, name } = this.#top
    if (this.#stack.length > 0) this.#fail('truncated', `the document ends within <${name}>`, this.scanner.pos)
    if (rule.mayEnd[step] !== true) this.#fail('document', 'the document holds no element', this.scanner.pos)
  }

  #acceptText(text: string): void {
    const top = this.#top
    const mayHold = top.rule.hasText && (top.rule.kind !== ELEMENT.value || top.step === 0)
    if (mayHold) top.text = top.text === '' ? text : top.text + text
    else if (!BLANK.test(text)) this.#refuseText(text)
    else if (top.rule.kind === ELEMENT.document) this.#checkMisc()
  }

  /** Outside the root element white space stands as it is, neither in CDATA nor as a reference (XML 1.0, 2.8). */
  #checkMisc(): void {
    const { text, tokenStart, pos } = this.scanner
    const written = text.slice(tokenStart, pos)
    if (/[<&]/.test(written)) this.#refuseText(written)
  }

  #refuseText(text: string): never {
    const { rule, name } = this.#top
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text)
    const place = rule.kind === ELEMENT.document ? 'outside the root element' : `in <${name}>`
    const reason = rule.kind === ELEMENT.document ? 'document' : 'structure'
    return this.#fail(reason, `text ${shown} ${place}`, this.scanner.tokenStart)
  }

  #begin(name: string): void {
    const top = this.#top
    const next = top.rule.steps[top.step]?.get(name)
    if (next === undefined) return this.#refuseElement(name)
    if (top.rule.kind === ELEMENT.value && !BLANK.test(top.text)) {
      this.#fail('structure', `<${name}> beside text in <value>`, this.scanner.tokenStart)
    }
    top.step = next.step
    this.#open(next.rule, name)
  }

  #open(rule: ElementRule, name: string): void {
    this.#stack.push(this.#top)
    const frame = new Frame(rule, name, this.scanner.tokenStart)
    this.#top = frame
    if (rule === VALUE) this.#countNode()
    if (rule === STRUCT) frame.value = emptyStruct()
    else if (rule === DATA) frame.value = []
    if (rule === STRUCT || rule === ARRAY) this.#countLevel()
  }

  #countNode(): void {
    if (++this.#nodes > this.#rules.maxNodes) {
      this.#fail(
        'limit',
        `more than ${this.#rules.maxNodes} values; raise maxNodes to admit them`,
        this.scanner.tokenStart,
      )
    }
  }

  #countLevel(): void {
    if (++this.#depth > this.#rules.maxDepth) {
      const problem = `nested deeper than ${this.#rules.maxDepth} levels; raise maxDepth to admit them`
      this.#fail('limit', problem, this.scanner.tokenStart)
    }
  }

  #refuseElement(name: string): never {
    const { rule, name: parent, step } = this.#top
    const shown = name.length > 40 ? `${name.slice(0, 37)}...` : name
    const { tokenStart } = this.scanner
    if (rule.kind !== ELEMENT.document) return this.#fail('structure', `<${shown}> within <${parent}>`, tokenStart)
    if (step > 0) return this.#fail('document', `a second root element <${shown}>`, tokenStart)
    const expected = [...(rule.steps[0]?.keys() ?? [])].join(' or ')
    return this.#fail('document', `the root element is <${shown}>, not <${expected}>`, tokenStart)
  }

  #end(name: string): void {
    const top = this.#top
    const parent = this.#stack.pop()
    if (parent === undefined || name !== top.name) return this.#refuseEnd(name)
    if (top.rule.mayEnd[top.step] !== true) {
      this.#fail('structure', `</${name}> before all that <${name}> has to hold`, this.scanner.tokenStart)
    }
    this.#top = parent
    this.#deliver(top, parent)
  }

  #refuseEnd(name: string): never {
    const shown = name.length > 40 ? `${name.slice(0, 37)}...` : name
    const { rule, name: open } = this.#top
    const problem = rule.kind === ELEMENT.document ? `</${shown}> without <${shown}>` : `</${shown}> ends <${open}>`
    return this.#fail('syntax', problem, this.scanner.tokenStart)
  }

  /** Hands what an element gave to the one around it. */
  #deliver(frame: Frame, parent: Frame): void {
    const { kind } = frame.rule
    if (kind === ELEMENT.value) this.#deliverValue(frame, parent)
    else if (kind === ELEMENT.scalar) parent.value = this.#readScalar(frame)
    else if (kind === ELEMENT.name) parent.key = frame.text
    else if (kind === ELEMENT.methodName) this.methodName = this.#readMethodName(frame)
    else if (kind === ELEMENT.member) this.#setMember(parent.value as XmlRpcStruct, frame.key, frame.value)
    else if (kind === ELEMENT.data) parent.value = frame.value
    else if (kind === ELEMENT.struct || kind === ELEMENT.array) {
      this.#depth--
      parent.value = frame.value ?? []
    } else this.#deliverParameter(frame, parent)
  }

  #deliverValue(frame: Frame, parent: Frame): void {
    const value = frame.step === 0 ? own(frame.text, 0, frame.text.length) : frame.value
    if (parent.rule === DATA) (parent.value as XmlRpcValue[]).push(value)
    else parent.value = value
  }

  #deliverParameter(frame: Frame, parent: Frame): void {
    if (frame.rule.kind === ELEMENT.param) this.params.push(frame.value)
    else if (frame.rule.kind === ELEMENT.fault) this.fault = this.#readFault(frame.value)
    if (parent.rule.kind === ELEMENT.document) this.scanner.isAfterRoot = true
  }

  #readScalar({ name, text, start }: Frame): XmlRpcValue {
    try {
      const value = readScalar(name as ScalarType, text, this.#rules)
      return typeof value === 'string' ? own(value, 0, value.length) : value
    } catch (error) {
      if (error instanceof BadScalar) return this.#fail('value', `<${name}>: ${error.message}`, start)
      throw error
    }
  }

  #readFault(value: XmlRpcValue): XmlRpcFault {
    const { faultCode, faultString }: { faultCode?: unknown; faultString?: unknown } = isStruct(value) ? value : {}
    const code = faultCode instanceof XmlRpcDouble ? faultCode.value : faultCode
    if (typeof code === 'number' && Number.isSafeInteger(code)) {
      if (typeof faultString === 'string') return new XmlRpcFault(code, faultString)
      if (faultString === null) return new XmlRpcFault(code, '')
    }
    return this.#fail('structure', 'a fault without an integer faultCode and a faultString', this.scanner.tokenStart)
  }

  #readMethodName({ text, start }: Frame): string {
    if (text.length > LONGEST_METHOD_NAME) {
      return this.#fail('limit', `a method name of more than ${LONGEST_METHOD_NAME} characters`, start)
    }
    if (text === '' || (!this.#rules.lenientMethodNames && !METHOD_NAME.test(text))) {
      return this.#fail('value', `${JSON.stringify(text)} is no method name; use letters, digits and _.:/`, start)
    }
    return own(text, 0, text.length)
  }

  #setMember(struct: XmlRpcStruct, key: string, value: XmlRpcValue): void {
    if (this.#rules.duplicateMembers === 'reject' && key in struct) {
      this.#fail('value', `member ${JSON.stringify(key.slice(0, 40))} comes twice`, this.scanner.tokenStart)
    }
    struct[key] = value
  }

  /** Reads whole members in compact form; stops before anything else. */
  #readMembers(): void {
    const { scanner } = this
    const { text } = scanner
    const struct = this.#top.value as XmlRpcStruct
    let at = scanner.pos
    for (let index = 0; ; index++) {
      const start = skipWhite(text, at)
      if (!text.startsWith('<member>', start)) break
      this.#compact.begin(this.#depth, this.#nodes)
      const end = this.#compact.readMember(text, start + 8, { struct, index })
      if (end < 0) break
      at = end
      this.#nodes += this.#compact.nodes
    }
    scanner.pos = at
  }

  /** Reads whole values of an array in compact form; stops before anything else. */
  #readItems(): void {
    const { scanner } = this
    const { text } = scanner
    const items = this.#top.value as XmlRpcValue[]
    let at = scanner.pos
    for (;;) {
      const start = skipWhite(text, at)
      if (!text.startsWith('<value>', start)) break
      const end = this.#readCompact(text, start + 7)
      if (end < 0) break
      this.#nodes += this.#compact.nodes
      items.push(this.#compact.value)
      at = end
    }
    scanner.pos = at
  }

  /** Reads whole parameters of a call in compact form; stops before anything else. */
  #readParams(): void {
    const { scanner } = this
    const { text } = scanner
    let at = scanner.pos
    if (this.readsCalls && this.methodName === MULTICALL && this.params.length === 0) at = this.#readCalls(text, at)
    for (;;) {
      const content = paramContent(text, at)
      if (content < 0) break
      const end = paramEnd(text, this.#readCompact(text, content))
      if (end < 0) break
      this.#nodes += this.#compact.nodes
      this.params.push(this.#compact.value)
      at = end
    }
    scanner.pos = at
  }

  /** Reads the parameter of a multicall, if it is the only one and holds nothing but calls; gives where it ends. */
  #readCalls(text: string, at: number): number {
    const content = paramContent(text, at)
    const compact = this.#compact
    compact.begin(this.#depth, this.#nodes)
    const end = content < 0 ? -1 : paramEnd(text, compact.readCalls(text, content))
    if (end < 0 || !text.startsWith('</params>', skipWhite(text, end))) return at
    this.#nodes += compact.nodes
    this.calls = compact.calls
    return end
  }

  /** Reads a value in compact form, or gives -1. Whoever takes it counts it. */
  #readCompact(text: string, at: number): number {
    const compact = this.#compact
    compact.begin(this.#depth, this.#nodes)
    return compact.read(text, at)
  }
}

/** Where the content of the value of a parameter begins, or -1. */
function paramContent(text: string, at: number): number {
  const start = skipWhite(text, at)
  if (!text.startsWith('<param>', start)) return -1
  const value = skipWhite(text, start + 7)
  return text.startsWith('<value>', value) ? value + 7 : -1
}

/** Where a parameter ends whose value ends at `at`, or -1. */
function paramEnd(text: string, at: number): number {
  if (at < 0) return -1
  const close = skipWhite(text, at)
  return text.startsWith('</param>', close) ? close + 8 : -1
}
