import type { Readable } from 'node:stream'

/** Keeps the last part of what a child writes. */
export class ChildOutput {
  readonly #limit: number
  #text = ''

  constructor(stream: Readable, limit: number) {
    this.#limit = limit
    stream.setEncoding('utf8').on('data', (piece: string) => this.#add(piece))
  }

  get text(): string {
    return this.#text
  }

  #add(piece: string): void {
    this.#text = (this.#text + piece).slice(-this.#limit)
  }
}
