import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Stands alone on a line before what an example prints. */
const MARK = '\u0002'

/** A module that is run, and the name of its file. */
export interface Runnable {
  readonly name: string
  readonly code: string
}

/** Runs examples in a folder from which their imports resolve. */
export class ExampleRunner {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** What an example prints in a process of its own. */
  async alone(example: Runnable): Promise<string> {
    return this.#output(this.#write(example))
  }

  /**
   * What examples print one after the other in one process, which loads what they import once. Nothing is told when
   * that process fails: which of them it was shows when each runs alone.
   */
  async together(examples: readonly Runnable[]): Promise<ReadonlyMap<string, string>> {
    const lines = examples.flatMap((example, index) => [
      `console.log(${JSON.stringify(MARK + String(index))})`,
      `await import(${JSON.stringify(pathToFileURL(this.#write(example)).href)})`,
    ])
    const all = this.#write({ name: `all of ${examples[0]?.name}`, code: lines.join('\n') })
    const output = await this.#output(all).catch(() => '')
    const parts = output.split(new RegExp(`^${MARK}\\d+\n`, 'm')).slice(1)
    return parts.length === examples.length
      ? new Map(examples.map(({ name }, index) => [name, parts[index] ?? '']))
      : new Map()
  }

  #write({ name, code }: Runnable): string {
    const file = join(this.#folder, `${name.replaceAll(/\W+/g, '-')}.mjs`)
    writeFileSync(file, code)
    return file
  }

  async #output(file: string): Promise<string> {
    const { NODE_OPTIONS: _, ...env } = process.env
    const { stdout } = await execute(process.execPath, [file], { env, timeout: 30_000 })
    return stdout
  }
}
