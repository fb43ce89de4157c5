import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for the capture files of one test, which goes with it. */
export class CaptureFolder implements AsyncDisposable {
  readonly #path: string
  #files = 0

  private constructor(path: string) {
    this.#path = path
  }

  static async make(): Promise<CaptureFolder> {
    return new CaptureFolder(await mkdtemp(join(tmpdir(), 'x-capture-')))
  }

  /** The path of a file that is not there yet. */
  next(): string {
    this.#files++
    return join(this.#path, `capture-${this.#files}.ndjson`)
  }

  /** Writes a file of lines, or of a text as it is. */
  async write(content: readonly unknown[] | string): Promise<string> {
    const file = this.next()
    const text = typeof content === 'string' ? content : content.map((line) => `${JSON.stringify(line)}\n`).join('')
    await writeFile(file, text)
    return file
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { recursive: true, force: true })
  }
}

/** The first line of a file that is one. */
export const HEADER = { format: 'xmlrpc-callbacks', version: 1, startedAt: '2026-01-02T03:04:05.000Z' } as const

/** The line of a request. */
export function requestLine(request: number, atMs: number, body = `request ${request}`): object {
  return { request, atMs, path: '/RPC2', headers: { 'content-type': 'text/xml' }, encoding: 'utf8', body }
}

/** The line of an answer. */
export function answerLine(answer: number, atMs: number, body = 'ok'): object {
  return { answer, atMs, status: 200, encoding: 'utf8', body }
}
