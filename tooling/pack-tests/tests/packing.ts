import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface PackageManifest {
  readonly name: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

interface WorkspacePackage {
  readonly folder: string
  readonly manifest: PackageManifest
}

/** Everything of this workspace that is published, by name. */
export const publishable: ReadonlyMap<string, WorkspacePackage> = new Map(
  ['packages', 'apps']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map((entry) => [entry.manifest.name, entry]),
)

function readManifest(folder: string): PackageManifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest
}

/** The package itself and everything of this workspace that it needs at run time. */
export function closure(name: string, seen: Set<string> = new Set()): Set<string> {
  const entry = publishable.get(name)
  if (entry === undefined || seen.has(name)) return seen
  seen.add(name)
  for (const dependency of Object.keys(entry.manifest.dependencies ?? {})) closure(dependency, seen)
  return seen
}

/** The packed tarballs of all publishable packages, in a folder that goes with this object. */
export class Tarballs implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'x-tarballs-'))
  readonly #files = new Map<string, string>()

  static async pack(): Promise<Tarballs> {
    const tarballs = new Tarballs()
    for (const [name, { folder }] of publishable) await tarballs.add(name, folder)
    return tarballs
  }

  /** Packs what is in a folder, whose manifest has this name. */
  async add(name: string, folder: string): Promise<void> {
    const { stdout } = await run('pnpm', ['pack', '--json', '--pack-destination', this.#folder], { cwd: folder })
    const { filename } = JSON.parse(stdout) as { filename: string }
    this.#files.set(name, join(this.#folder, basename(filename)))
  }

  of(name: string): string {
    const file = this.#files.get(name)
    if (file === undefined) throw new Error(`${name} was not packed`)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** An empty folder in which only the tarballs of one package and of what it needs are installed. */
export class Consumer implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'x-consumer-'))

  constructor() {
    writeFileSync(join(this.path, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  }

  /** Installs with pnpm, which lets no package import what its manifest does not list. */
  static async install(tarballs: Tarballs, name: string): Promise<Consumer> {
    const consumer = new Consumer()
    const files = [...closure(name)].map((needed) => [needed, tarballs.of(needed)] as const)
    // no registry has these versions
    const overrides = files.map(([needed, file]) => `  '${needed}': 'file:${file}'\n`)
    writeFileSync(join(consumer.path, 'pnpm-workspace.yaml'), `packages: []\noverrides:\n${overrides.join('')}`)
    await run('pnpm', ['add', '--prefer-offline', tarballs.of(name)], { cwd: consumer.path })
    return consumer
  }

  /** Installs with npm, as most people do. */
  static async installWithNpm(tarballs: Tarballs, name: string): Promise<Consumer> {
    const consumer = new Consumer()
    const files = [...closure(name)].map((needed) => tarballs.of(needed))
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', ...files], {
      cwd: consumer.path,
    })
    return consumer
  }

  /** A folder with everything that was installed in these. Its files are theirs: nothing may write to them. */
  static from(...installed: readonly Consumer[]): Consumer {
    const consumer = new Consumer()
    for (const { path } of installed) linkFolder(join(path, 'node_modules'), join(consumer.path, 'node_modules'))
    return consumer
  }

  /** Copies a script of `tests/consumers` in and runs it with plain node; resolves with what it printed. */
  async run(script: string, ...args: string[]): Promise<string> {
    this.add(script)
    return this.exec(process.execPath, script, ...args)
  }

  add(script: string): void {
    copyFileSync(fileURLToPath(new URL(`consumers/${script}`, import.meta.url)), join(this.path, script))
  }

  async exec(file: string, ...args: string[]): Promise<string> {
    const { NODE_OPTIONS: _, ...env } = process.env
    const { stdout } = await run(file, args, { cwd: this.path, env, timeout: 60_000, maxBuffer: 16 << 20 })
    return stdout
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Links every file of a folder into another one, where it is not there already. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const target = join(to, entry.name)
    if (entry.isDirectory()) linkFolder(join(from, entry.name), target)
    else if (!existsSync(target)) linkSync(join(from, entry.name), target)
  }
}
