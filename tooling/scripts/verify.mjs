// Everything that `npm test` checks, then one plain line that sums up the tests of all packages.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { collectReports, formatSummary, outcome, removeReports } from './test-summary.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tasks = ['//#lint:check', '//#format:check', '//#knip', 'build', 'typecheck', 'test']
removeReports(root)
const turbo = spawnSync('turbo', ['run', ...tasks, '--continue', '--output-logs=errors-only'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
const summary = collectReports(root)
for (const line of formatSummary(summary)) console.log(line)
process.exit(outcome(turbo.status ?? 1, summary))
