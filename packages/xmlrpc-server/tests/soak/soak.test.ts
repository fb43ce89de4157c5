import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { canSharePorts } from '../../src/server/shared-port.ts'

/** Runs a soak in its short form; one that is not sound ends with an error. */
async function run(script: string, options: Readonly<Record<string, number>>): Promise<Record<string, unknown>> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, path, ...args, '--json'])
  return JSON.parse(stdout) as Record<string, unknown>
}

it('loses nothing and keeps the order of each interface, with slow handlers and with a blocked loop', async () => {
  const report = await run('./events.mjs', { events: 8000, 'blocked-events': 1600, 'max-block-ms': 300 })
  const sound = { lost: 0, outOfOrder: 0, faults: 0, droppedCallbacks: 0, failedCallbacks: 0 }
  expect(report).toMatchObject({
    slow: [
      { mode: 'loop', seen: 8000, acknowledged: 8000, ...sound },
      { mode: 'thread', seen: 8000, acknowledged: 8000, ...sound },
    ],
    blocked: [{ mode: 'thread', seen: 1600, acknowledged: 1600, ...sound }],
  })
}, 60_000)

it('loses no acknowledgement when it switches under a load that does not wait', async () => {
  const connections = 4
  const load = { rate: 400, switches: 2, 'pause-ms': 150, connections }
  // on a busy machine not every connection asks again within the grace that is usual
  const report = await run('./switching.mjs', { ...load, 'grace-ms': 15_000 })
  const { totals, switches } = report as { totals: Record<string, number>; switches: Record<string, unknown>[] }
  expect(switches).toMatchObject([
    { from: 'loop', to: 'thread', aborted: 0 },
    { from: 'thread', to: 'loop', aborted: 0 },
  ])
  expect(totals).toMatchObject({ lostEvents: 0, lostAcknowledgements: 0, twice: 0, outOfOrder: 0, faults: 0, open: 0 })
  // every kept-alive connection was told that it ends
  expect(totals['announced']).toBeGreaterThanOrEqual(2 * connections)
  expect(totals['handled']).toBe(totals['acknowledged'])
  const refusals = canSharePorts() ? { refused: 0, longestWindowMs: 0 } : {}
  expect(totals).toMatchObject(refusals)
}, 60_000)
