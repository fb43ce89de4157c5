import { plainRunEnd } from './char-data.ts'
import type { XmlRpcValue } from './value.ts'

/**
 * Reads scalars in the form in which nearly all of them come: `<value><i4>7</i4></value>` without attributes, comments
 * or references. Whatever looks different is left to the scanner and the grammar, which know all forms; both give the
 * same value for what both read.
 */
export class CompactValues {
  /** The value that was read last. */
  value: XmlRpcValue = null
  readonly #readsDoubles: boolean

  constructor(readsDoubles: boolean) {
    this.#readsDoubles = readsDoubles
  }

  /** Reads the value whose content begins at `at`, behind `<value>`; gives where it ends, or -1. */
  read(text: string, at: number): number {
    if (text.charCodeAt(at) !== 60) return this.#readUntyped(text, at)
    switch (text.charCodeAt(at + 1)) {
      case 115: // s
        return this.#readString(text, at)
      case 105: // i
        if (text.startsWith('<i4>', at)) return this.#readInteger(text, at + 4, '</i4></value>')
        return text.startsWith('<int>', at) ? this.#readInteger(text, at + 5, '</int></value>') : -1
      case 98: // b
        return this.#readBoolean(text, at)
      case 100: // d
        return this.#readsDoubles && text.startsWith('<double>', at) ? this.#readDouble(text, at + 8) : -1
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
    if (end < 0 || !text.startsWith('</string></value>', end)) return -1
    this.value = own(text, at + 8, end)
    return end + 17
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
    if (end === from || end - from > 15 || !text.startsWith(close, end)) return -1
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
    if (points > 1 || end - from === points || end - from > 300 || !text.startsWith('</double></value>', end)) return -1
    this.value = Number(text.slice(at, end))
    return end + 17
  }
}

/** Shortest string of which the engine makes a view of the text that it was cut from, rather than a copy. */
const SHORTEST_VIEW = 13

/** A copy of a part of the text: a string that merely pointed into the document would keep all of it alive. */
export function own(text: string, from: number, to: number): string {
  const part = text.slice(from, to)
  return to - from < SHORTEST_VIEW ? part : ` ${part}`.slice(1)
}
