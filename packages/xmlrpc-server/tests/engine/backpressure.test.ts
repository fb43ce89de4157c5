import { bothModes } from '@x/testkit/modes'
import { Agent, request } from 'node:http'
import { describe, expect } from 'vitest'
import { openHost } from '@x/loop-utils/channel'
import { Worker } from 'node:worker_threads'
import { callDocument, PlacedEngine } from './engine-harness.ts'

const HIGH_WATER_MARK = 16

function postEvent(port: number, agent: Agent, value: number): Promise<void> {
  const body = callDocument('event', 'id', 'A:1', 'LEVEL', `<i4>${value}</i4>`)
  return new Promise((resolve, reject) => {
    const client = request(
      { host: '127.0.0.1', port, path: '/', method: 'POST', agent, headers: { 'Content-Type': 'text/xml' } },
      (response) => {
        response.resume()
        response.on('end', resolve)
      },
    )
    client.on('error', reject)
    client.end(body)
  })
}

describe('a facade that does not keep up', () => {
  bothModes('delays answers, loses nothing and keeps the order', async ({ mode, copy, defer }) => {
    const host = openHost({
      mode,
      copy,
      link: { highWaterMark: HIGH_WATER_MARK },
      entry: () => new Worker(new URL('../../src/xmlrpc.thread.js', import.meta.url)),
    })
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    defer(() => agent.destroy())
    engine.link.pause()
    let answered = 0
    const total = 200
    const posts = Array.from({ length: total }, async (_, value) => {
      await postEvent(engine.port, agent, value)
      answered++
    })
    await expect.poll(() => answered).toBeGreaterThan(0)
    let seen = -1
    // the answers come to a halt before all were given
    while (seen !== answered) {
      seen = answered
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(answered).toBeLessThan(total)
    expect(engine.acknowledged).toEqual([])
    engine.link.resume()
    await Promise.all(posts)
    await expect.poll(() => engine.acknowledged).toHaveLength(total)
    expect(engine.acknowledged.map(({ params }) => (params.data as unknown[])[3])).toEqual(
      Array.from({ length: total }, (_, value) => value),
    )
  })
})
