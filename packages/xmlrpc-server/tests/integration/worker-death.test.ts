import { startFakeDevice, type FakeDeviceProcess } from '@x/fake-device/testing'
import { openHost, type EngineHost } from '@x/loop-utils/channel'
import { WorkerCrashedError } from '@x/loop-utils/errors'
import { expectNoLeaks } from '@x/testkit/leaks'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AsyncXmlRpcServer } from '../../src/index.ts'
import { RecordingCentral } from '../server/server-harness.ts'
import { Registration } from './ccu-harness.ts'

const DEATHS = 3

let device: FakeDeviceProcess

beforeAll(async () => {
  device = await startFakeDevice()
})

afterAll(async () => {
  await device.stop()
})

/** A host whose first workers die after a while, and whose last one lives. */
function mortalHost(): { host: EngineHost; deaths: () => number } {
  let workers = 0
  const host = openHost({
    mode: 'thread',
    restart: { maxRestarts: DEATHS },
    entry: () => {
      workers++
      if (workers > DEATHS) return new Worker(new URL('../../src/xmlrpc.thread.js', import.meta.url))
      return new Worker(new URL('../engine/mortal.thread.js', import.meta.url), {
        workerData: { lifeMs: 150 * workers },
      })
    },
  })
  return { host, deaths: () => Math.max(0, workers - 1) }
}

/** Lets the fake CCU send one event after the other; tells which were acknowledged. */
class Sender {
  readonly acknowledged: number[] = []
  readonly #registration: Registration
  failures = 0

  constructor(registration: Registration) {
    this.#registration = registration
  }

  async run(until: () => boolean): Promise<void> {
    const { interfaceId } = this.#registration
    for (let value = 0; !until(); value++) {
      const outcome = await device.control.ccuInvoke({
        interfaceId,
        method: 'event',
        params: ['LEQ0000002:1', 'COUNT', value],
      })
      if (outcome.kind === 'answered') this.acknowledged.push(value)
      else await this.#recover()
    }
  }

  /** Registers again, as a hub does whose CCU has given it up. */
  async #recover(): Promise<void> {
    this.failures++
    await new Promise((resolve) => setTimeout(resolve, 20))
    await this.#registration.init()
  }
}

it('loses no event that was acknowledged to the CCU while its worker dies again and again', async () => {
  await expectNoLeaks(async () => {
    const { host, deaths } = mortalHost()
    const errors: unknown[] = []
    const server = new AsyncXmlRpcServer({
      host: '127.0.0.1',
      engineHost: host,
      onError: (error) => errors.push(error),
    })
    const interfaceId = Registration.nextId()
    const central = new RecordingCentral('hub', interfaceId)
    server.addCentral(central)
    await server.start()
    const port = server.listenPort
    {
      await using registration = new Registration(device, server, { interfaceId })
      await registration.init()
      const sender = new Sender(registration)
      let goal = Infinity
      await sender.run(() => {
        if (goal === Infinity && deaths() === DEATHS) goal = sender.acknowledged.length + 30
        return sender.acknowledged.length >= goal
      })
      await device.control.ccuSettled()
      await expect.poll(() => central.events.at(-1)?.value).toBe(sender.acknowledged.at(-1))

      const heard = central.events.filter(({ parameter }) => parameter === 'COUNT').map(({ value }) => value as number)
      expect(sender.failures).toBeGreaterThan(0)
      expect(sender.acknowledged.filter((value) => !heard.includes(value))).toEqual([])
      expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
    }
    expect(server.healthStatus).toMatchObject({ started: true, engineRestarts: DEATHS, failedCallbacks: 0 })
    expect(server.listenPort).toBe(port)
    for (const error of errors) expect(error).toBeInstanceOf(WorkerCrashedError)
    await server.stop()
    await host.close()
  })
}, 40_000)
