import { expect, test } from 'vitest'
import { ThreadHost } from '../../src/channel/index.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { startConformanceWorker } from '../../src/testing/conformance/law-hosts.ts'
import { quietHandlers } from './quiet-handlers.ts'

test('what the maker of a worker sends it for its own purposes does not disturb the engines', async () => {
  await using host = new ThreadHost({
    entry: () => {
      const worker = startConformanceWorker()
      for (const message of [null, undefined, 'hello', 5, {}, { type: 'config' }, [1]]) worker.postMessage(message)
      return worker
    },
    restart: { maxRestarts: 0 },
  })
  const link = await host.place(conformanceEngine, {}, quietHandlers)
  expect(await link.call('echo', 'still here')).toBe('still here')
  expect(link.state).toBe('up')
  expect((await link.close()).isDisposed).toBe(true)
})
