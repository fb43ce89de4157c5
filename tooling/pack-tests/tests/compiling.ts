import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Consumer, publishable } from './packing.ts'

const require = createRequire(import.meta.url)

const NODE_MODULES = { module: 'nodenext', moduleResolution: 'nodenext' }
const OPTIONS = {
  target: 'es2022',
  lib: ['es2022'],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  types: ['node'],
  typeRoots: [join(folderOf('@types/node'), '..')],
}
/** Entries whose types need what a consumer brings: a test runner. */
const NEEDY = new Set(['@x/testkit/modes'])
/** Programs that use packages as their users do. */
const PROGRAMS = ['loop-utils.ts', 'xmlrpc-server.ts']

function folderOf(name: string): string {
  return dirname(require.resolve(`${name}/package.json`))
}

/** A module that imports every entry that has types. */
function everyEntry(): string {
  const entries = [...publishable].flatMap(([name, { manifest }]) =>
    Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([path]) => name + path.slice(1)),
  )
  const lines = entries
    .filter((entry) => !NEEDY.has(entry))
    .map((entry, index) => `export * as entry${index} from '${entry}'\n`)
  return lines.join('')
}

export interface Compilation {
  readonly version: string
  /** The name under which it is installed here. */
  readonly compiler: string
  readonly modules: { readonly module: string; readonly moduleResolution: string }
}

/** Every compiler, and every way to find modules. */
export const compilations: readonly Compilation[] = [
  { version: '5.2', compiler: 'typescript-5.2', modules: NODE_MODULES },
  { version: '7', compiler: 'typescript', modules: NODE_MODULES },
  { version: '7', compiler: 'typescript', modules: { module: 'esnext', moduleResolution: 'bundler' } },
]

/** A folder with programs that import everything that is published, as it was installed in these. */
export function typedConsumer(installed: readonly Consumer[]): Consumer {
  const consumer = Consumer.from(...installed)
  writeFileSync(join(consumer.path, 'every-entry.ts'), everyEntry())
  for (const program of PROGRAMS) consumer.add(program)
  return consumer
}

/** What the compiler has to say; nothing, if all is well. */
export async function compile(consumer: Consumer, { version, compiler, modules }: Compilation): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(folderOf(compiler), 'package.json'), 'utf8')) as { version: string }
  if (!manifest.version.startsWith(`${version}.`)) throw new Error(`${compiler} is ${manifest.version}`)
  const compilerOptions = { ...modules, ...OPTIONS }
  writeFileSync(join(consumer.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  try {
    return await consumer.exec(process.execPath, join(folderOf(compiler), 'bin', 'tsc'), '-p', '.')
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error)
  }
}
