import { bothModes } from '@x/testkit/modes'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { CentralRegistry } from '../../src/homematic/central-registry.ts'
import { OverflowCounts } from '../../src/server/overflow-counts.ts'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

/** What is kept after everything that is garbage is gone, in bytes; long texts lie outside of the heap. */
async function keptBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // what lies outside of the heap goes a turn later
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What a run keeps, in bytes. `keep` is what holds it. */
async function growth(run: (keep: unknown[]) => void): Promise<number> {
  const keep: unknown[] = []
  const before = await keptBytes()
  run(keep)
  const grown = (await keptBytes()) - before
  return keep.length === 0 ? Number.NaN : grown
}

const MIB = 2 ** 20

/** Ids of 200 characters, each cut out of a text of 1 MiB. */
function* cutIds(count: number): Generator<string> {
  for (let number = 0; number < count; number++) {
    yield Buffer.alloc(MIB, `${String(number).padStart(8, '0')}-`)
      .toString('latin1')
      .slice(0, 200)
  }
}

describe('interface ids', () => {
  bothModes('beyond 255 characters are refused before anything is acknowledged', async (context) => {
    const server = await startServer(context)
    const central = Object.assign(new RecordingCentral('all'), { hasClient: () => true })
    server.addCentral(central)
    const ask = async (body: string): Promise<string> => (await post(server.listenPort, body)).body
    const [longest, longer] = ['x'.repeat(255), 'x'.repeat(256)]
    const event = (id: string): [string, ...string[]] => ['event', id, 'A:1', 'STATE', '<i4>1</i4>']
    expect(await ask(callDocument(...event(longest)))).toContain('<boolean>1</boolean>')
    expect(await ask(callDocument(...event(longer)))).toMatch(/-32602[^]*255/)
    expect(await ask(callDocument('deleteDevices', longer, '<array><data></data></array>'))).toContain('-32602')
    expect(await ask(callDocument('listDevices', longer))).toContain('-32602')
    const mixed = await ask(multicallDocument(event(longer), event(longest)))
    expect(mixed).toMatch(/-32602[^]*<boolean>1<\/boolean>/)
    await expect.poll(() => central.events.map(({ interfaceId }) => interfaceId)).toEqual([longest, longest])
    expect(server.healthStatus.failedCallbacks).toBe(0)
  })

  it('are looked up again when there were too many of them to remember', async () => {
    let asked = 0
    const registry = new CentralRegistry()
    const hasClient = (): boolean => {
      asked++
      return true
    }
    registry.addCentral({ name: 'all', hasClient })
    const kept = await growth((keep) => {
      for (let number = 0; number < 200_000; number++) registry.getCentralEntry(`invented-${number}`)
      keep.push(registry)
    })
    expect(kept).toBeLessThan(4 * MIB)
    expect(asked).toBe(200_000)
    expect(registry.getCentralEntry('invented-0')?.central.name).toBe('all')
  })

  it('do not keep the documents that they came in', async () => {
    const registry = new CentralRegistry()
    registry.addCentral({ name: 'even', hasClient: (id) => Number(id.slice(0, 8)) % 2 === 0 })
    const counts = new OverflowCounts()
    const kept = await growth((keep) => {
      for (const id of cutIds(100)) {
        registry.route(id)
        counts.drop(id)
      }
      keep.push(registry, counts)
    })
    expect(registry.unknownInterfaceIds).toBe(50)
    expect(counts.byInterface.size).toBe(100)
    expect(kept).toBeLessThan(20 * MIB)
  })
})
