// Workers of a test run start from one file each: a worker that loads its sources module by module through the hooks
// takes five times as long to start, and a suite starts hundreds.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import workerThreads, { threadId } from 'node:worker_threads'

const FOLDER = path.join('node_modules', '.cache', 'thread-bundles')

/** What `import.meta.url` becomes in a bundle, where it would be another one. */
const OWN_ADDRESS = 'addressOfTheSource'

/** How a bundle imports what it learns the address of at run time: see `register-sources.mjs`. */
export const IMPORT_SOURCE = Symbol.for('@x/vitest-config/import-source')

export const isBundle = (file) => file !== undefined && path.dirname(file).endsWith(FOLDER)

/** Lets `new Worker(new URL('./name.thread.js', import.meta.url))` start a bundle of `name.thread.ts`. */
export function startWorkersFromBundles() {
  const { Worker } = workerThreads
  const bundles = new Map()
  const bundled = (entry) => {
    const source = sourceOf(entry)
    if (source === undefined) return entry
    if (!bundles.has(source)) bundles.set(source, writeBundle(source) ?? entry)
    return bundles.get(source)
  }
  workerThreads.Worker = class extends Worker {
    constructor(entry, options) {
      super(bundled(entry), options)
    }
  }
  syncBuiltinESMExports()
}

function sourceOf(entry) {
  if (!(entry instanceof URL) || entry.protocol !== 'file:' || !entry.pathname.endsWith('.thread.js')) return undefined
  const source = fileURLToPath(entry).replace(/\.js$/, '.ts')
  return existsSync(source) ? source : undefined
}

/** The bundle's path, or undefined where one would not do what the sources do. */
function writeBundle(source) {
  const { buildSync } = loadBundler()
  const { outputFiles } = buildSync({
    entryPoints: [source],
    outfile: path.resolve(FOLDER, 'bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@x/source'],
    sourcemap: 'inline',
    sourcesContent: false,
    define: { 'import.meta.url': OWN_ADDRESS },
    logLevel: 'error',
    write: false,
  })
  const [{ text }] = outputFiles
  // modules that ask where they are, and CommonJS, do not stand in another file
  if (text.includes(OWN_ADDRESS) || /\b__(?:require|commonJS)\b/.test(text)) return undefined
  const code = text.replaceAll(
    /\bimport\((?!["'])/g,
    `globalThis[Symbol.for(${JSON.stringify(IMPORT_SOURCE.description)})](`,
  )
  return writeOnce(path.basename(source, '.ts'), code)
}

/** The bundler without the thread that it keeps for builds to come: a leak check would find it. */
function loadBundler() {
  const { ESBUILD_WORKER_THREADS } = process.env
  process.env.ESBUILD_WORKER_THREADS = '0'
  try {
    return createRequire(import.meta.url)('esbuild')
  } finally {
    if (ESBUILD_WORKER_THREADS === undefined) delete process.env.ESBUILD_WORKER_THREADS
    else process.env.ESBUILD_WORKER_THREADS = ESBUILD_WORKER_THREADS
  }
}

function writeOnce(name, code) {
  const folder = path.resolve(FOLDER)
  const hash = createHash('sha256').update(code).digest('hex').slice(0, 16)
  const file = path.join(folder, `${name}-${hash}.mjs`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const unfinished = `${file}.${process.pid}.${threadId}`
  writeFileSync(unfinished, code)
  renameSync(unfinished, file)
  return file
}
