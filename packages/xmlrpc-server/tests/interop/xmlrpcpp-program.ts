import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('xmlrpcpp_client.cpp', import.meta.url))
/** XmlRpc++ as Debian builds it, with the two libraries that it leans on. */
const LIBRARIES = ['-lxmlrpcpp', '-lrostime', '-lcpp_common']

/** Whether the C++ client can be built here. */
export const hasXmlRpcPp: boolean =
  spawnSync('g++', ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-include', 'xmlrpcpp/XmlRpc.h', '/dev/null'], {
    stdio: 'ignore',
  }).status === 0

/** What the C++ client read in answer to one call. A double is `{ double }`, so that 5.0 is no 5. */
export interface CppAnswer {
  readonly name: string
  readonly kind: 'result' | 'fault' | 'failed'
  readonly value: unknown
}

/** The C++ client, built into a folder of its own that goes with it. */
export class XmlRpcPpProgram implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async build(): Promise<XmlRpcPpProgram> {
    const program = new XmlRpcPpProgram(await mkdtemp(join(tmpdir(), 'xmlrpcpp-')))
    await run('g++', ['-std=c++17', '-O1', SOURCE, '-o', program.#path, ...LIBRARIES])
    return program
  }

  /** Makes all its calls on one connection. */
  async call(port: number, path: string, interfaceId: string): Promise<CppAnswer[]> {
    const { stdout } = await run(this.#path, [String(port), path, interfaceId], { maxBuffer: 64 * 1024 * 1024 })
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as CppAnswer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #path(): string {
    return join(this.#folder, 'client')
  }
}
