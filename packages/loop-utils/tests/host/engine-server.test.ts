import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { linkLimits } from '../../src/channel/link-limits.ts'
import { Down, type DownMessage, Up, type UpMessage } from '../../src/channel/protocol.ts'
import { seeded } from '../../src/clock/index.ts'
import { EngineServer } from '../../src/host/engine-server.ts'
import type { PlaceMessage } from '../../src/host/worker-messages.ts'
import { createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'

test('an engine server makes engines for whoever holds the other end of its port', async () => {
  const { port1, port2 } = new MessageChannel()
  new EngineServer(port2, [conformanceEngine]).start()
  expect(await once(port1, 'message')).toEqual([{ type: 'x:ready' }])
  const seen: UpMessage[] = []
  const limits = linkLimits()

  const placeEngine = (engine: string, seed: number | undefined) => {
    const up = createPortLane(limits)
    const down = createPortLane(limits)
    const message: PlaceMessage = {
      type: 'x:place',
      engine,
      options: {},
      events: { engine, names: Object.keys(conformanceEngine.delivery), delivery: conformanceEngine.delivery },
      observe: { logLevel: 4, diagnostics: false },
      limits,
      seed,
      up: up.writer,
      down: down.reader,
    }
    port1.postMessage(message, [up.writer.port, down.reader.port])
    const ended = new Promise((resolve) => {
      const reader = openLaneReader<UpMessage>(up.reader)
      reader.ref()
      reader.open({ item: (item) => seen.push(item), end: resolve })
    })
    return { down: openLaneWriter<DownMessage>(down.writer), ended }
  }

  const unknown = placeEngine('unheard of', undefined)
  expect(await unknown.ended).toBe('writer-closed')
  expect(seen.splice(0)).toEqual([
    [
      Up.failed,
      expect.objectContaining({
        code: 'LOOP_CONTRACT',
        message:
          "there is no engine 'unheard of' in the worker; pass its definition to serveEngines(); " +
          'load the same version of the package at both ends',
      }),
    ],
  ])

  const asked = placeEngine('conformance', undefined)
  asked.down.write([Down.call, 1, 'echo', 'hello', undefined])
  asked.down.write([Down.close])
  expect(await asked.ended).toBe('writer-closed')
  expect(seen.splice(0)).toEqual([[Up.started], [Up.reply, 1, 'hello'], [Up.event, 5, null]])

  const random = seeded(3)
  const abandoned = placeEngine('conformance', 3)
  abandoned.down.write([Down.call, 1, 'environment', null, undefined])
  abandoned.down.close()
  expect(await abandoned.ended).toBe('writer-closed')
  expect(seen.splice(0)).toEqual([
    [Up.started],
    [Up.reply, 1, { now: expect.any(Number) as number, numbers: [random(), random()] }],
    [Up.event, 5, null],
  ])

  const last = placeEngine('conformance', undefined)
  const closed = once(port1, 'close')
  port1.postMessage({ type: 'x:close' })
  await closed
  expect(await last.ended).toBe('writer-closed')
  expect(seen).toEqual([[Up.started], [Up.event, 5, null]])
})
