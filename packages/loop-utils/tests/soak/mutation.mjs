// Tells how many changes of the sources the tests notice: folder by folder, then in one table. Takes hours of one core.
//   node tests/soak/mutation.mjs [--anew] [folder…]
// A change that was tried before is not tried again as long as its file and its tests are what they were; `--anew` tries
// all of them, which a change of what the tests import asks for. `X_SAMPLE=5` tries what lies within every fifth line.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const stryker = join(dirname(require.resolve('@stryker-mutator/core/package.json')), 'bin', 'stryker.js')
const root = fileURLToPath(new URL('../..', import.meta.url))
const isAnew = process.argv.includes('--anew')
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const folders = chosen.length > 0 ? chosen : readdirSync(join(root, 'src')).filter((name) => !name.endsWith('.ts'))
const sample = process.env.X_SAMPLE ?? '1'
const WANTED = 85

/** Tries the changes of one folder, and counts what became of them. */
function tryFolder(folder) {
  const tried = `reports/mutation/${folder}${sample === '1' ? '' : `-${sample}`}.json`
  const options = ['--incremental', '--incrementalFile', tried, '--concurrency', '1', ...(isAnew ? ['--force'] : [])]
  const { stdout } = spawnSync(process.execPath, [stryker, 'run', ...options, '--reporters', 'clear-text'], {
    cwd: root,
    env: { ...process.env, X_MUTATE: folder },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (!existsSync(join(root, tried))) throw new Error(`${folder} was not tried: ${stdout}`)
  const { files } = JSON.parse(readFileSync(join(root, tried), 'utf8'))
  const mutants = Object.values(files).flatMap((file) => file.mutants)
  const count = (...names) => mutants.filter(({ status }) => names.includes(status)).length
  return { noticed: count('Killed', 'Timeout'), survived: count('Survived'), unreached: count('NoCoverage') }
}

function tell(name, { noticed, survived, unreached }) {
  const all = noticed + survived + unreached
  const score = all === 0 ? '' : ((100 * noticed) / all).toFixed(1)
  console.log(
    [name.padEnd(17), ...[all, noticed, survived, unreached, score].map((cell) => `${cell}`.padStart(10))].join(''),
  )
}

setPriority(10)
console.log(
  ['folder'.padEnd(17), ...['changes', 'noticed', 'survived', 'unreached', '%'].map((h) => h.padStart(10))].join(''),
)
const total = { noticed: 0, survived: 0, unreached: 0 }
for (const folder of folders) {
  const counts = tryFolder(folder)
  tell(folder, counts)
  for (const name of Object.keys(total)) total[name] += counts[name]
}
tell('total', total)
if (100 * total.noticed < WANTED * (total.noticed + total.survived + total.unreached)) process.exitCode = 1
