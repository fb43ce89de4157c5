import { expect, test } from 'vitest'
import { ThreadHost } from '../../src/channel/index.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { startConformanceWorker } from '../../src/testing/conformance/law-hosts.ts'
import { quietHandlers } from './quiet-handlers.ts'

test('a replay that rejects with what has no text takes the link down like any other', async () => {
  await using host = new ThreadHost({ entry: () => startConformanceWorker(), restart: { maxRestarts: 1 } })
  const states: (readonly [state: string, message: string | undefined])[] = []
  const isDown = new Promise<void>((resolve) => {
    const handlers = {
      ...quietHandlers,
      replay: () => {
        throw Object.create(null)
      },
      onState: (state: string, cause?: Error) => {
        states.push([state, cause?.message])
        if (state === 'down') resolve()
      },
    }
    void host.place(conformanceEngine, {}, handlers).then((link) => link.call('die', 'exit').catch(() => undefined))
  })
  await isDown
  expect(states.at(-1)).toEqual(['down', 'replay failed with an object'])
})
