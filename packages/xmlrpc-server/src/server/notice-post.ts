/** What a post needs. */
export interface NoticePostParts {
  /** Tells the engines how the server is doing now. */
  readonly send: () => void
  /** Whether something is going on that changes what is told, without anybody saying so. */
  readonly isBusy: () => boolean
}

/** How old what an engine tells may be, in milliseconds. */
const EVERY_MS = 500

/**
 * Tells engines how the server is doing a little after something has happened, and again and again while callbacks wait
 * for their handlers. A server with nothing to do sends nothing.
 */
export class NoticePost {
  readonly #parts: NoticePostParts
  #timer: NodeJS.Timeout | undefined
  #isOpen = false

  constructor(parts: NoticePostParts) {
    this.#parts = parts
  }

  open(): void {
    this.#isOpen = true
  }

  /** Something has happened. */
  soon(): void {
    if (this.#timer === undefined && this.#isOpen) this.#timer = setTimeout(() => this.#send(), EVERY_MS).unref()
  }

  /** Sends nothing any more. */
  close(): void {
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #send(): void {
    this.#timer = undefined
    this.#parts.send()
    if (this.#parts.isBusy()) this.soon()
  }
}
