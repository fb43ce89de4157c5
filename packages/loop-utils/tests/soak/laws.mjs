// Tries every law of the package with all its random interleavings (`inSoak` of lawCount) rather than with the few of
// the suite. Takes some minutes of one core.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const tests = fileURLToPath(new URL('..', import.meta.url))
const laws = readdirSync(tests, { recursive: true }).filter(
  (file) => file.endsWith('.test.ts') && readFileSync(join(tests, file), 'utf8').includes('lawCount('),
)
const { status } = spawnSync(process.execPath, [vitest, 'run', ...laws.map((file) => join(tests, file))], {
  cwd: join(tests, '..'),
  env: { ...process.env, X_LAWS: 'full' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
