// Runs a root script under the pinned pnpm, so that a machine with only node and npm needs nothing else.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [script, ...rest] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: with-pnpm.mjs <script> [argument …]')
  process.exit(2)
}
const pin = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).packageManager
const isPnpm = (process.env['npm_config_user_agent'] ?? '').startsWith('pnpm/')
const [command, prefix] = isPnpm ? ['pnpm', []] : ['npm', ['exec', '--yes', `--package=${pin}`, '--', 'pnpm']]

const child = spawnSync(command, [...prefix, 'run', script, ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  shell: process.platform === 'win32',
})
if (child.error !== undefined) {
  console.error(`cannot run ${command}: ${child.error.message}`)
}
process.exit(child.status ?? 1)
