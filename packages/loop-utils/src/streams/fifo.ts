/** A first-in first-out queue that takes and gives in constant time. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the oldest; the caller knows that there is one. */
  shift(): T {
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined
    // half of it is gone: a copy now costs less than was gained since the last one
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
