import { element, timeOf } from './element.ts'

/** Lines that a log keeps. */
const MAX_LINES = 500

/** A line of a log: when, what kind, and what. */
export interface LogLine {
  readonly at: string
  readonly kind: string
  readonly text: string
  readonly isBad?: boolean
}

/** A list of lines, newest first, of bounded length, that can be filtered and held. */
export class Log {
  readonly #list: HTMLElement
  #filter = ''
  #isHeld = false
  #held: LogLine[] = []

  constructor(list: HTMLElement) {
    this.#list = list
  }

  add(line: LogLine): void {
    if (this.#isHeld) {
      this.#held.push(line)
      if (this.#held.length > MAX_LINES) this.#held.shift()
      return
    }
    const text = element('code', line.isBad === true ? { class: 'bad' } : {}, line.text)
    const item = element('li', {}, timeOf(line.at), ' ', element('span', { class: 'kind' }, line.kind), ' ', text)
    item.hidden = !this.#matches(item)
    this.#list.prepend(item)
    while (this.#list.childElementCount > MAX_LINES) this.#list.lastElementChild?.remove()
  }

  set filter(text: string) {
    this.#filter = text.toLowerCase()
    for (const item of this.#list.children) (item as HTMLElement).hidden = !this.#matches(item)
  }

  /** While it is held, new lines wait. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
    if (isHeld) return
    for (const line of this.#held.splice(0)) this.add(line)
  }

  #matches(item: Element): boolean {
    return (item.textContent ?? '').toLowerCase().includes(this.#filter)
  }
}
