import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { AsyncXmlRpcServer } from '../../src/index.ts'
import { callDocument } from './engine-harness.ts'
import { requestText, Talk } from './talk.ts'

it('answers half a request of a mounted server when it stops, and takes nothing of the rest', async () => {
  await using server = new AsyncXmlRpcServer({ listen: false })
  const events: unknown[] = []
  server.addCentral({ name: 'hub', hasClient: () => true, onEvent: (event) => void events.push(event) })
  await server.start()
  const outer = createServer(server.requestHandler())
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve))
  using talk = new Talk((outer.address() as AddressInfo).port)
  const text = requestText(callDocument('event', 'rf', 'A:1', 'LEVEL', '<i4>1</i4>'))
  let hasBegun = false
  outer.prependListener('request', () => (hasBegun = true))
  talk.send(text.slice(0, -30))
  await expect.poll(() => hasBegun).toBe(true)
  await server.stop({ deadlineMs: 100 })
  await expect.poll(() => talk.statuses).toEqual([503])
  talk.send(text.slice(-30))
  await new Promise<void>((resolve) => {
    outer.close(() => resolve())
    outer.closeIdleConnections()
    talk.end()
  })
  expect(talk.statuses).toEqual([503])
  expect(events).toEqual([])
})
