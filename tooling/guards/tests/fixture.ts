import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of this repository. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url))

/** A throw-away tree of files that carries the repository's own guard configuration. */
export class FixtureTree implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'x-guards-'))

  constructor(files: Readonly<Record<string, string>>) {
    copyFileSync(join(root, '.oxlintrc.json'), join(this.path, '.oxlintrc.json'))
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }

  /** Runs one of the repository's tools over the tree and returns its exit code and what it printed. */
  run(tool: 'oxlint' | 'knip', ...args: string[]): { code: number; output: string } {
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules', '.bin', tool), args, {
      cwd: this.path,
      encoding: 'utf8',
    })
    return { code: status ?? 1, output: stdout + stderr }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
