import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Tagged } from '../codec/tagged.ts'
import type { Document } from './documents.ts'

/** What CPython's xmlrpc.client made of a document. */
export interface Loaded {
  readonly method?: string | null
  readonly params?: readonly Tagged[]
  readonly fault?: readonly [Tagged, Tagged]
  readonly error?: string
}

/** The verdicts of the Python side. */
export interface Verdict {
  readonly loads: Loaded
  /** What a strict reader objects to; empty when it objects to nothing. */
  readonly grammar: readonly string[]
}

/** One Python process that judges documents by the batch. */
export class Peer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string>

  constructor() {
    const script = fileURLToPath(new URL('peer.py', import.meta.url))
    this.#child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  async judge(documents: readonly Document[]): Promise<readonly Verdict[]> {
    const request = documents.map(({ kind, bytes }) => [kind, Buffer.from(bytes).toString('base64')])
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the Python process ended')
    return JSON.parse(value) as Verdict[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
    this.#lines.close()
  }
}
