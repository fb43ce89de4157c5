import { plainRunEnd, skipWhite } from './char-data.ts'
import { CallEntry } from './call-entry.ts'
import type { DecodeRules } from './decode-options.ts'
import { emptyStruct, type XmlRpcStruct, type XmlRpcValue } from './value.ts'

/**
 * How deep arrays and structs are read within one another here: what turns out to look different is read again by the
 * grammar, level by level.
 */
const MOST_LEVELS = 3

/**
 * Reads values in the form in which nearly all of them come: `<value><i4>7</i4></value>`, and arrays and structs of
 * such, without attributes, comments or references. Whatever looks different is left to the scanner and the grammar,
 * which know all forms; both give the same value for what both read.
 */
export class CompactValues {
  /** The value that was read last. */
  value: XmlRpcValue = null
  /** The calls of a multicall that were read last. */
  calls: readonly CallEntry[] = []
  /** How many values it holds, itself included. */
  nodes = 0
  readonly #rules: DecodeRules
  readonly #readsDoubles: boolean
  /** How many arrays and structs may still lie within one another. */
  #levels = 0
  #mostNodes = 0
  /** The members of the struct before, up to their values: mostly the next one has the same. */
  readonly #names: { readonly name: string; readonly head: string }[] = []
  #nameEnd = 0
  /** The call of a multicall before, up to its first parameter. */
  #call: { readonly methodName: string; readonly head: string } | undefined

  constructor(rules: DecodeRules) {
    this.#rules = rules
    this.#readsDoubles = rules.doubles === 'number'
  }

  /** Says how deep the values that come next lie, and how many there were before. */
  begin(depth: number, nodes: number): void {
    this.#levels = Math.min(MOST_LEVELS, this.#rules.maxDepth - depth)
    this.#mostNodes = this.#rules.maxNodes - nodes
    this.nodes = 0
  }

  /**
   * Reads the value whose content begins at `at`, behind `<value>`; gives where it ends, or -1. It counts in
   * {@link nodes}, also when it is not read to its end.
   */
  read(text: string, at: number): number {
    if (++this.nodes > this.#mostNodes) return -1
    if (text.charCodeAt(at) !== 60) return this.#readUntyped(text, at)
    switch (text.charCodeAt(at + 1)) {
      case 115: // s
        return text.charCodeAt(at + 4) === 117 ? this.#readStruct(text, at) : this.#readString(text, at)
      case 105: // i
        return this.#readAnyInteger(text, at)
      case 98: // b
        return this.#readBoolean(text, at)
      case 100: // d
        return this.#readsDoubles && text.startsWith('<double>', at) ? this.#readDouble(text, at + 8) : -1
      case 97: // a
        return this.#readArray(text, at)
      case 47: // an empty value
        return this.#readUntyped(text, at)
      default:
        return -1
    }
  }

  #readUntyped(text: string, at: number): number {
    const end = plainRunEnd(text, at)
    if (end < 0 || !text.startsWith('</value>', end)) return -1
    this.value = own(text, at, end)
    return end + 8
  }

  #readString(text: string, at: number): number {
    if (!text.startsWith('<string>', at)) return -1
    const end = plainRunEnd(text, at + 8)
    if (end < 0 || !isAt(text, end, '</string></value>')) return -1
    this.value = own(text, at + 8, end)
    return end + 17
  }

  #readAnyInteger(text: string, at: number): number {
    if (text.startsWith('<i4>', at)) return this.#readInteger(text, at + 4, '</i4></value>')
    return text.startsWith('<int>', at) ? this.#readInteger(text, at + 5, '</int></value>') : -1
  }

  #readInteger(text: string, at: number, close: string): number {
    const isNegative = text.charCodeAt(at) === 45
    const from = isNegative ? at + 1 : at
    let end = from
    let sum = 0
    for (;;) {
      const digit = text.charCodeAt(end) - 48
      if (!(digit >= 0 && digit <= 9)) break
      sum = sum * 10 + digit
      end++
    }
    if (end === from || end - from > 15 || !isAt(text, end, close)) return -1
    this.value = isNegative && sum !== 0 ? -sum : sum
    return end + close.length
  }

  #readBoolean(text: string, at: number): number {
    const digit = text.charCodeAt(at + 9) - 48
    const isBoolean = text.startsWith('<boolean>', at) && text.startsWith('</boolean></value>', at + 10)
    if (!isBoolean || (digit !== 0 && digit !== 1)) return -1
    this.value = digit === 1
    return at + 28
  }

  /** Reads digits with at most one point; other forms of doubles are rare. */
  #readDouble(text: string, at: number): number {
    let end = text.charCodeAt(at) === 45 ? at + 1 : at
    const from = end
    let points = 0
    for (;;) {
      const code = text.charCodeAt(end)
      if (code === 46) points++
      else if (!(code >= 48 && code <= 57)) break
      end++
    }
    if (points > 1 || end - from === points || end - from > 300 || !isAt(text, end, '</double></value>')) return -1
    this.value = Number(text.slice(at, end))
    return end + 17
  }

  #readArray(text: string, start: number): number {
    let at = openOf(text, start, ARRAY)
    if (at < 0 || this.#levels === 0) return -1
    const items: XmlRpcValue[] = []
    this.#levels--
    while (text.startsWith('<value>', at)) {
      const end = this.read(text, at + 7)
      if (end < 0) return -1
      items.push(this.value)
      at = skipWhite(text, end)
    }
    this.#levels++
    this.value = items
    return closeOf(text, at, ARRAY)
  }

  #readStruct(text: string, start: number): number {
    let at = openOf(text, start, STRUCT)
    if (at < 0 || this.#levels === 0) return -1
    const struct = emptyStruct()
    this.#levels--
    for (let index = 0; text.startsWith('<member>', at); index++) {
      const end = this.readMember(text, at + 8, { struct, index })
      if (end < 0) return -1
      at = skipWhite(text, end)
    }
    this.#levels++
    this.value = struct
    return closeOf(text, at, STRUCT)
  }

  /** Reads a member whose content begins at `at`, behind `<member>`; gives where it ends, or -1. */
  readMember(text: string, at: number, { struct, index }: { struct: XmlRpcStruct; index: number }): number {
    const name = this.#readMemberName(text, at, index)
    if (name === undefined) return -1
    const end = this.#readMemberValue(text)
    if (end < 0 || (this.#rules.duplicateMembers === 'reject' && name in struct)) return -1
    struct[name] = this.value
    return end
  }

  /** The name of a member that begins at `at`; most have the same as the one in their place in the struct before. */
  #readMemberName(text: string, at: number, index: number): string | undefined {
    const guess = this.#names[index]
    if (guess === undefined || !isAt(text, at, guess.head)) return this.#readName(text, at, index)
    this.#nameEnd = at + guess.head.length
    return guess.name
  }

  /** Reads the value behind the name that was read last; gives where the member ends, or -1. */
  #readMemberValue(text: string): number {
    const end = this.read(text, this.#nameEnd)
    if (end < 0) return -1
    const close = skipWhite(text, end)
    return text.startsWith('</member>', close) ? close + 9 : -1
  }

  /**
   * Reads the array of a multicall, the first value of a document, whose content begins at `start`, behind `<value>`, if
   * it holds nothing but calls, as {@link CallEntry} each; gives where it ends, or -1.
   */
  readCalls(text: string, start: number): number {
    let at = openOf(text, start, ARRAY)
    const { maxDepth } = this.#rules
    if (at < 0 || maxDepth < CALL_LEVELS) return -1
    const calls: CallEntry[] = []
    this.nodes++
    this.#levels = Math.min(MOST_LEVELS, maxDepth - CALL_LEVELS)
    while (text.startsWith('<value>', at)) {
      const end = this.#readCall(text, at + 7, calls)
      if (end < 0) return -1
      at = skipWhite(text, end)
    }
    this.calls = calls
    return closeOf(text, at, ARRAY)
  }

  /** Reads a call; mostly all up to its first parameter is the same as in the one before. */
  #readCall(text: string, start: number, calls: CallEntry[]): number {
    const guess = this.#call
    if (guess !== undefined && isAt(text, start, guess.head)) {
      this.nodes += CALL_NODES
      return this.#readParams(text, start + guess.head.length, calls)
    }
    const open = openOf(text, start, STRUCT)
    const first = open < 0 ? -1 : this.#readMemberOf(text, open, METHOD_NAME)
    const methodName = this.value
    if (first < 0 || typeof methodName !== 'string') return -1
    const member = skipWhite(text, first)
    if (!this.#isMember(text, member, PARAMS)) return -1
    const items = openOf(text, this.#nameEnd, ARRAY)
    if (items < 0) return -1
    this.#call = { methodName, head: own(text, start, items) }
    this.nodes += CALL_NODES - 1 // the name of the method is counted
    return this.#readParams(text, items, calls)
  }

  /** Reads the parameters of a call and all that follows in it; gives where it ends, or -1. */
  #readParams(text: string, start: number, calls: CallEntry[]): number {
    const params: XmlRpcValue[] = []
    let at = start
    while (text.startsWith('<value>', at)) {
      const end = this.read(text, at + 7)
      if (end < 0) return -1
      params.push(this.value)
      at = skipWhite(text, end)
    }
    if (this.nodes > this.#mostNodes) return -1
    calls.push(new CallEntry(this.#call?.methodName ?? '', params))
    if (isAt(text, at, CALL_END)) return at + CALL_END.length
    const end = closeOf(text, at, ARRAY)
    if (end < 0) return -1
    const close = skipWhite(text, end)
    return text.startsWith('</member>', close) ? closeOf(text, close + 9, STRUCT) : -1
  }

  /** Whether the member that begins at `at` has that name. */
  #isMember(text: string, at: number, { name, index }: { readonly name: string; readonly index: number }): boolean {
    return text.startsWith('<member>', at) && this.#readMemberName(text, at + 8, index) === name
  }

  /** Reads the member in that place of a struct if it has that name; gives where it ends, or -1. */
  #readMemberOf(text: string, at: number, place: { readonly name: string; readonly index: number }): number {
    return this.#isMember(text, at, place) ? this.#readMemberValue(text) : -1
  }

  /** The name of a member, if its value follows: {@link #nameEnd} is where the content of that begins. */
  #readName(text: string, at: number, index: number): string | undefined {
    const tag = skipWhite(text, at)
    if (!text.startsWith('<name>', tag)) return undefined
    const end = plainRunEnd(text, tag + 6)
    if (end < 0 || !text.startsWith('</name>', end)) return undefined
    const value = skipWhite(text, end + 7)
    if (!text.startsWith('<value>', value)) return undefined
    this.#nameEnd = value + 7
    const name = text.slice(tag + 6, end)
    if (index < MOST_NAMES) this.#names[index] = { name, head: text.slice(at, value + 7) }
    return name
  }
}

/** The tags of a type that holds others: in one piece, as machines write them, and one by one. */
interface Brackets {
  readonly open: string
  readonly opening: readonly string[]
  readonly close: string
  readonly closing: readonly string[]
}

const ARRAY: Brackets = {
  open: '<array><data>',
  opening: ['<array>', '<data>'],
  close: '</data></array></value>',
  closing: ['</data>', '</array>', '</value>'],
}
const STRUCT: Brackets = {
  open: '<struct>',
  opening: ['<struct>'],
  close: '</struct></value>',
  closing: ['</struct>', '</value>'],
}

/** Where the first item begins, white space passed over, or -1. */
function openOf(text: string, at: number, { open, opening }: Brackets): number {
  return isAt(text, at, open) ? skipWhite(text, at + open.length) : passTags(text, at, opening)
}

/** Where the value ends, or -1. */
function closeOf(text: string, at: number, { close, closing }: Brackets): number {
  if (isAt(text, at, close)) return at + close.length
  let end = at
  for (const tag of closing) {
    const start = skipWhite(text, end)
    if (!text.startsWith(tag, start)) return -1
    end = start + tag.length
  }
  return end
}

/** Where tags end that follow one another, and white space behind them, or -1. */
function passTags(text: string, from: number, tags: readonly string[]): number {
  let at = from
  for (const tag of tags) {
    if (!text.startsWith(tag, at)) return -1
    at = skipWhite(text, at + tag.length)
  }
  return at
}

/** The levels that a multicall has: its array, the struct of a call, and the array of its parameters. */
const CALL_LEVELS = 3
/** The values that a call counts as, without its parameters: the struct, the name of the method, the array. */
const CALL_NODES = 3
/** What follows the parameters of a call. */
const CALL_END = '</data></array></value></member></struct></value>'
const METHOD_NAME = { name: 'methodName', index: 0 }
const PARAMS = { name: 'params', index: 1 }

/** So many names of members are remembered. */
const MOST_NAMES = 64

/** As startsWith, which takes longer where `part` is long and not known beforehand. */
function isAt(text: string, at: number, part: string): boolean {
  return text.slice(at, at + part.length) === part
}

/** Shortest string of which the engine makes a view of the text that it was cut from, rather than a copy. */
const SHORTEST_VIEW = 13

/** A copy of a part of the text: a string that merely pointed into the document would keep all of it alive. */
export function own(text: string, from: number, to: number): string {
  const part = text.slice(from, to)
  return to - from < SHORTEST_VIEW ? part : ` ${part}`.slice(1)
}
