import type { IncomingMessage } from 'node:http'
import type { Clock } from '@x/loop-utils/clock'
import { originForm } from './callback-forwarder.ts'
import { bodyText, KEPT_HEADERS, roundMs } from './capture-format.ts'
import type { CaptureWriter } from './capture-writer.ts'

/** Numbers the requests of one recording, and writes them with their answers. */
export class Recording {
  readonly #writer: CaptureWriter
  readonly #clock: Clock
  readonly #startedAt: number
  #recorded = 0
  #dropped = 0

  constructor(writer: CaptureWriter, clock: Clock) {
    this.#writer = writer
    this.#clock = clock
    this.#startedAt = clock.now()
  }

  get recorded(): number {
    return this.#recorded
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Writes a request; returns its number, or undefined when there was no room for it. */
  request({ url, headers }: IncomingMessage, body: Uint8Array): number | undefined {
    const request = this.#recorded + 1
    const kept: Record<string, string> = {}
    for (const name of KEPT_HEADERS) {
      const value = headers[name]
      if (typeof value === 'string') kept[name] = value
    }
    const line = { request, atMs: this.#atMs(), path: originForm(url), headers: kept, ...bodyText(body) }
    if (!this.#writer.write(line)) {
      this.#dropped++
      return undefined
    }
    this.#recorded = request
    return request
  }

  /** Writes what a request was answered. */
  answer(number: number | undefined, status: number, body: Uint8Array): void {
    if (number !== undefined) this.#writer.write({ answer: number, atMs: this.#atMs(), status, ...bodyText(body) })
  }

  /** Ends the file. */
  async close(): Promise<void> {
    await this.#writer.close({ end: true, atMs: this.#atMs(), dropped: this.#dropped })
  }

  /** Takes the file back. */
  async remove(): Promise<void> {
    await this.#writer.remove()
  }

  #atMs(): number {
    return roundMs(this.#clock.now() - this.#startedAt)
  }
}
