import { bothModes } from '@x/testkit/modes'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { hasPython } from '../python/oracle.ts'
import { RecordingCentral, startServer } from '../server/server-harness.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../python/callbacks.py', import.meta.url))

describe.skipIf(!hasPython)(`called by CPython's xmlrpc.client${hasPython ? '' : ' [needs python3]'}`, () => {
  bothModes('answers as a Python program expects', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('hub', 'py')
    server.addCentral(Object.assign(central, { listDevices: () => [{ ADDRESS: 'MEQ1', VERSION: 3 }] }))
    server.register('echo', (value) => value ?? null)
    const { stdout } = await run('python3', [script, `http://127.0.0.1:${server.listenPort}/RPC2`, 'py'])
    const { listMethods, ...answers } = JSON.parse(stdout) as { listMethods: string[] } & Record<string, unknown>
    expect(listMethods).toEqual(expect.arrayContaining(['event', 'newDevices', 'system.multicall', 'echo']))
    expect(answers).toEqual({
      listDevices: [{ ADDRESS: 'MEQ1', VERSION: 3 }],
      newDevices: true,
      event: true,
      multicall: Array.from({ length: 100 }, () => true),
      fault: [-32601, 'Method not found: unheardOf'],
      echo: { list: [1, -2.5, true, 'ü'], empty: '', none: [] },
    })
    await expect.poll(() => central.events.length).toBe(101)
    expect(central.events.map(({ value }) => value)).toEqual([
      'Küche 21 °C <&>',
      ...Array.from({ length: 100 }, (_, index) => index / 4),
    ])
    expect(central.told).toMatchObject([
      ['newDevices', { descriptions: [{ ADDRESS: 'INT1', CHILDREN: [], NAME: 'Küche' }] }],
    ])
  })
})
