// What an application carries that bundles one part of the package: bytes after minifying and gzip -9, beside the
// libraries that people use for the same. With a part's name, the bytes before gzip of each of its files, too.
//   node bench/size.mjs
//   node bench/size.mjs '{ retry }'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const {
  name: PACKAGE_NAME,
  exports,
  peerDependencies,
} = JSON.parse(await readFile(path.join(PACKAGE, 'package.json'), 'utf8'))

/** Functions that stand alone in an application more often than their entries do. */
const FUNCTIONS = {
  '{ retry }': `export { retry } from '${PACKAGE_NAME}/retry'`,
  '{ timeout }': `export { timeout } from '${PACKAGE_NAME}/timeout'`,
  '{ fallback }': `export { fallback } from '${PACKAGE_NAME}/fallback'`,
  '{ CircuitBreaker }': `export { CircuitBreaker } from '${PACKAGE_NAME}/breaker'`,
  '{ Bulkhead }': `export { Bulkhead } from '${PACKAGE_NAME}/concurrency'`,
  '{ Semaphore }': `export { Semaphore } from '${PACKAGE_NAME}/concurrency'`,
}

const PEERS = {
  'p-retry': `export { default } from 'p-retry'`,
  'p-timeout': `export { default } from 'p-timeout'`,
  'p-queue': `export { default } from 'p-queue'`,
  opossum: `export { default } from 'opossum'`,
  "cockatiel's retry": `export { ExponentialBackoff, handleAll, retry } from 'cockatiel'`,
  "cockatiel's circuit breaker": `export { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'`,
}

const COMPARED = [
  { what: '{ retry }', peers: ['p-retry', "cockatiel's retry"], goalBytes: 2048 },
  { what: '{ timeout }', peers: ['p-timeout'] },
  { what: '{ CircuitBreaker }', peers: ['opossum', "cockatiel's circuit breaker"] },
  { what: '{ Semaphore }', peers: ['p-queue'] },
]

const ENTRIES = Object.fromEntries(
  Object.keys(exports)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => [entry, `export * from '${PACKAGE_NAME}${entry.slice(1)}'`]),
)

/** The bundled size of what `source` exports. */
async function sizeOf(source) {
  const result = await build({
    stdin: { contents: source, resolveDir: PACKAGE, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@x/source'],
    external: Object.keys(peerDependencies),
    metafile: true,
    write: false,
  })
  const [{ contents }] = result.outputFiles
  const [{ inputs }] = Object.values(result.metafile.outputs)
  const files = Object.entries(inputs).map(([file, { bytesInOutput }]) => ({ file, bytes: bytesInOutput }))
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, files }
}

const bytes = (count) => `${count} B`

export async function bench() {
  const rows = []
  for (const { what, peers, goalBytes } of COMPARED) {
    const ours = await sizeOf(FUNCTIONS[what])
    for (const [index, peer] of peers.entries()) {
      const { gzipped } = await sizeOf(PEERS[peer])
      rows.push({
        what: `size of ${what}, minified and gzipped, vs ${peer}`,
        ours: bytes(ours.gzipped),
        peer: bytes(gzipped),
        ratio: ours.gzipped / gzipped,
        goal: goalBytes !== undefined && index === 0 ? `ours ≤ ${bytes(goalBytes)}` : '',
      })
    }
  }
  return rows
}

async function print(wanted) {
  for (const [part, source] of Object.entries({ ...FUNCTIONS, ...ENTRIES, ...PEERS })) {
    if (wanted !== undefined && part !== wanted) continue
    const { minified, gzipped, files } = await sizeOf(source)
    console.log(`${part.padEnd(28)} ${bytes(minified).padStart(9)} minified ${bytes(gzipped).padStart(8)} gzipped`)
    if (wanted === undefined) continue
    for (const { file, bytes: count } of files.toSorted((a, b) => b.bytes - a.bytes)) {
      console.log(`  ${bytes(count).padStart(7)} ${path.relative(PACKAGE, path.resolve(file))}`)
    }
  }
}

if (process.argv[1] === import.meta.filename) await print(process.argv[2])
