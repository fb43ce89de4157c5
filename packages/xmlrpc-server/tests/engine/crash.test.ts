import { type EngineLink, openHost } from '@x/loop-utils/channel'
import { seeded } from '@x/loop-utils/clock'
import { Agent, request } from 'node:http'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { readCallCells } from '../../src/engine/call-cells.ts'
import type { XmlRpcEngineContract } from '../../src/engine/contract.ts'
import { xmlRpcEngine } from '../../src/engine/xmlrpc-engine.ts'
import { ANY_PORT, callDocument, ENGINE_OPTIONS } from './engine-harness.ts'

/** Posts one event after the other until stopped; tells which were answered. */
class Sender {
  readonly acknowledged: number[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #isStopped = false
  failures = 0

  async run(port: () => number): Promise<void> {
    for (let value = 0; !this.#isStopped; value++) {
      try {
        await this.#post(port(), value)
        this.acknowledged.push(value)
      } catch {
        this.failures++
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    this.#agent.destroy()
  }

  stop(): void {
    this.#isStopped = true
  }

  #post(port: number, value: number): Promise<void> {
    const body = callDocument('event', 'id', 'A:1', 'LEVEL', `<i4>${value}</i4>`)
    const headers = { 'Content-Type': 'text/xml', 'Content-Length': body.length }
    return new Promise((resolve, reject) => {
      const client = request(
        { host: '127.0.0.1', port, path: '/', method: 'POST', agent: this.#agent, headers },
        (response) => {
          response.on('error', reject)
          response.on('end', resolve)
          response.resume()
        },
      )
      client.on('error', reject)
      client.end(body)
    })
  }
}

it('loses no acknowledged event when its worker dies again and again', async () => {
  const random = seeded(20)
  const deaths = 6
  let workers = 0
  const host = openHost({
    mode: 'thread',
    restart: { maxRestarts: deaths },
    entry: () => {
      workers++
      if (workers > deaths) return new Worker(new URL('../../src/xmlrpc.thread.js', import.meta.url))
      const workerData = { lifeMs: 100 + Math.floor(random() * 400) }
      return new Worker(new URL('./mortal.thread.js', import.meta.url), { workerData })
    },
  })
  const received: number[] = []
  const causes: (Error | undefined)[] = []
  let port = 0
  const listen = async (link: EngineLink<XmlRpcEngineContract>): Promise<void> => {
    port = (await link.call('listen', { ...ANY_PORT, port })).port
  }
  const link = await host.place(xmlRpcEngine, ENGINE_OPTIONS, {
    events: {
      acknowledged: (cells) => {
        for (const { params } of readCallCells(cells)) received.push((params.data as number[])[3] ?? -1)
      },
      counters: () => undefined,
    },
    questions: { call: () => ({ kind: 'fault' as const, faultCode: 0, faultString: '' }), authorize: () => false },
    onState: (state, cause) => {
      if (state === 'restarting') causes.push(cause)
    },
    replay: listen,
  })
  await listen(link)
  const sender = new Sender()
  const sending = sender.run(() => port)
  await expect.poll(() => workers, { timeout: 40_000 }).toBe(deaths + 1)
  const goal = sender.acknowledged.length + 50
  await expect.poll(() => sender.acknowledged.length, { timeout: 15_000 }).toBeGreaterThan(goal)
  sender.stop()
  await sending
  await link.close()
  await host.close()

  expect(causes).toHaveLength(deaths)
  for (const cause of causes) expect(cause).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 7 })
  const delivered = new Set(received)
  expect(sender.acknowledged.filter((value) => !delivered.has(value))).toEqual([])
  expect(delivered.size).toBe(received.length)
  expect(received).toEqual([...received].sort((a, b) => a - b))
}, 60_000)
