import { setImmediate } from 'node:timers/promises'
import { toWire } from './wire-value.ts'
import { serializer } from './xmlrpc-codec.ts'

/** A longer list is written item by item: the library builds a tree of the whole document, a large one of a long list. */
const LONG = 100
/** How many items are written before other work of the loop gets its turn. */
const SLICE = 50
/** Stands in a document in place of a list; nothing else begins so. */
const MARK = '\u{E000}list '

/** The long lists among the values of one document. */
export class LongLists {
  readonly #lists: (readonly unknown[])[] = []

  /** Returns `values` with a mark in place of each long list. */
  takeOut(values: readonly unknown[]): readonly unknown[] {
    return values.map((value) => {
      if (!Array.isArray(value) || value.length <= LONG) return value
      this.#lists.push(value)
      return `${MARK}${this.#lists.length - 1}`
    })
  }

  /** Writes the lists and puts them where their marks are. */
  async putBack(xml: string): Promise<string> {
    let whole = xml
    for (const [index, list] of this.#lists.entries()) {
      const written = await writeList(list)
      whole = whole.replace(`<string>${MARK}${index}</string>`, () => written)
    }
    return whole
  }
}

async function writeList(list: readonly unknown[]): Promise<string> {
  const items: string[] = []
  for (const [index, item] of list.entries()) {
    if (index > 0 && index % SLICE === 0) await setImmediate()
    const xml = serializer.serializeMethodResponse(toWire(item))
    items.push(xml.slice(xml.indexOf('<value>'), xml.lastIndexOf('</param>')))
  }
  return `<array><data>${items.join('')}</data></array>`
}
