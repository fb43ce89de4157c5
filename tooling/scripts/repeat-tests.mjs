// Runs the tests of a package again and again while other threads keep the processors busy, and says which failed how
// often: what fails now and then waits for a time rather than for an event.
//   node tooling/scripts/repeat-tests.mjs 100 packages/loop-utils [--stress 2]
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { stress: { type: 'string', default: `${availableParallelism()}` } },
})
const [count, folder] = [Number(positionals[0]), positionals[1]]
if (!(count >= 1) || folder === undefined) {
  console.error('usage: repeat-tests.mjs <how often> <package folder> [--stress <busy threads>]')
  process.exit(2)
}
const cwd = path.resolve(root, folder)

/** The tests that failed in one run. */
async function failuresOfRun() {
  const report = path.join(cwd, 'reports', 'tests.json')
  rmSync(report, { force: true })
  // in a group of its own, as a runner that is ended leaves its workers behind
  const run = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd,
    stdio: 'ignore',
    detached: true,
  })
  const endGroup = () => process.kill(-Number(run.pid))
  process.once('exit', endGroup)
  const code = await new Promise((resolve) => run.once('exit', resolve))
  process.off('exit', endGroup)
  if (!existsSync(report)) return [`the run, which ended with ${code} and no report`]
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults.flatMap(({ assertionResults, name, status }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
    return tests.length === 0 && status === 'failed' ? [path.relative(cwd, name)] : tests
  })
  return failed.length === 0 && code !== 0 ? [`the run, which ended with ${code}`] : failed
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const busy = Array.from({ length: Number(values.stress) }, () => new Worker('for (;;);', { eval: true }))
const tally = new Map()
let green = 0
for (let run = 1; run <= count; run++) {
  const failed = await failuresOfRun()
  if (failed.length === 0) green++
  for (const test of failed) tally.set(test, (tally.get(test) ?? 0) + 1)
  console.log(`run ${run}: ${failed.length === 0 ? 'passed' : `FAILED: ${failed.join('; ')}`}`)
}
await Promise.all(busy.map((thread) => thread.terminate()))
for (const [test, times] of tally) console.log(`${times} of ${count}: ${test}`)
console.log(`${green} of ${count} runs passed`)
process.exit(green === count ? 0 : 1)
