import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The hub's program in a process of its own, from sources, with everything that it prints. */
export class HubProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exit: Promise<number>
  stdout = ''
  stderr = ''

  constructor(...args: readonly string[]) {
    const program = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#child = child
    this.#exit = new Promise((resolve) => {
      child.on('close', (code) => resolve(code ?? -1))
    })
  }

  /** The address of the page, once the ready line is there. */
  get url(): string | undefined {
    return /^ready: open (\S+)/m.exec(this.stdout)?.[1]
  }

  get exit(): Promise<number> {
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exit
  }
}
