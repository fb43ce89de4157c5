// Interrupts the link of a Reconnector to a real server on loopback some thousand times (killed, refused, half-open): it
// comes back each time, and nothing is left of any round. The suite does a dozen. Takes some seconds of one core.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', 'tests/reconnect/interruptions.test.ts'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  env: { ...process.env, X_LAWS: 'full' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
