import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('prints the devices that it is told of, and an event', async () => {
  const program = fileURLToPath(new URL('../index.mjs', import.meta.url))
  const { stdout } = await run(process.execPath, [...process.execArgv, program], { timeout: 15_000 })
  expect(stdout).toMatch(/^told of \d+ devices and channels$/m)
  expect(stdout).toContain('LEQ0000001:1 STATE true')
})
