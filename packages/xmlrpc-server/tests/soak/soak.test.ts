import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('./events.mjs', import.meta.url))

it('loses nothing and keeps the order of each interface, with slow handlers and with a blocked loop', async () => {
  const options = ['--events', '8000', '--blocked-events', '1600', '--max-block-ms', '300', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, ...options])
  const { slow, blocked } = JSON.parse(stdout) as Record<'slow' | 'blocked', unknown[]>
  const sound = { lost: 0, outOfOrder: 0, faults: 0, droppedCallbacks: 0, failedCallbacks: 0 }
  expect(slow).toMatchObject([
    { mode: 'loop', seen: 8000, acknowledged: 8000, ...sound },
    { mode: 'thread', seen: 8000, acknowledged: 8000, ...sound },
  ])
  expect(blocked).toMatchObject([{ mode: 'thread', seen: 1600, acknowledged: 1600, ...sound }])
}, 60_000)
