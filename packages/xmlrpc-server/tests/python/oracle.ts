import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Tagged } from '../codec/tagged.ts'

/** Whether python3 is installed. */
export const hasPython: boolean = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0

export interface OracleCall {
  readonly method?: string | null
  readonly params?: readonly Tagged[]
  readonly fault?: readonly [number, string]
  readonly error?: string
}

/** CPython's xmlrpc.client in one child process, asked line by line. */
export class PythonOracle implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string>

  constructor() {
    const script = fileURLToPath(new URL('oracle.py', import.meta.url))
    this.#child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  /** What Python reads from a document. */
  async loads(xml: Uint8Array): Promise<OracleCall> {
    return (await this.#ask({ op: 'loads', xml: Buffer.from(xml).toString('base64') })) as OracleCall
  }

  /** The document that Python writes. */
  async dumps(method: string, params: readonly Tagged[], encoding?: string): Promise<Uint8Array> {
    const { xml, error } = (await this.#ask({ op: 'dumps', method, params, encoding })) as {
      xml?: string
      error?: string
    }
    if (xml === undefined) throw new Error(`python: ${error}`)
    return Buffer.from(xml, 'base64')
  }

  async #ask(request: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the Python oracle ended')
    return JSON.parse(value) as unknown
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
    this.#lines.close()
  }
}
