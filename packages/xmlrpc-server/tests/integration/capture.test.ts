import { startFakeDevice, type FakeDeviceProcess } from '@x/fake-device/testing'
import { bothModes, type ModeContext } from '@x/testkit/modes'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { CallbackRecorder, readCapture, replayCallbacks } from '../../src/capture/index.ts'
import { XmlRpcClient } from '../../src/client/index.ts'
import type { AsyncXmlRpcServer } from '../../src/index.ts'
import { CaptureFolder } from '../capture/capture-folder.ts'
import { NpmClient } from '../capture/npm-client.ts'
import { startServer } from '../server/server-harness.ts'
import { HubCentral } from './hub-central.ts'

let device: FakeDeviceProcess

beforeAll(async () => {
  device = await startFakeDevice({ profile: 'rfd' })
})

afterAll(async () => {
  await device.stop()
})

const ID = 'recorded-hub'

/** A server with a central, as the hub has it that is recorded and later plays the recording. */
async function openHub(context: ModeContext): Promise<{ server: AsyncXmlRpcServer; central: HubCentral }> {
  const server = await startServer(context)
  const central = new HubCentral('hub', ID)
  server.addCentral(central)
  return { server, central }
}

async function openRecorder(context: ModeContext, server: AsyncXmlRpcServer): Promise<[CallbackRecorder, string]> {
  const folder = await CaptureFolder.make()
  context.defer(() => folder[Symbol.asyncDispose]())
  const file = folder.next()
  const recorder = new CallbackRecorder({ file, target: `http://127.0.0.1:${server.listenPort}` })
  context.defer(() => recorder.stop())
  await recorder.start()
  return [recorder, file]
}

describe('a recorded session', () => {
  bothModes('with a fake CCU is heard again, event for event, by another server', async (context) => {
    const { server, central } = await openHub(context)
    const [recorder, file] = await openRecorder(context, server)
    const callbackUrl = `http://127.0.0.1:${recorder.port}/RPC2`
    {
      await using ccu = new XmlRpcClient({ url: device.ccu.url })
      await ccu.call('init', [callbackUrl, ID])
      await device.control.ccuSettled()
      for (const value of [0.25, 0.5, 0.75]) {
        const reports = [1, 2, 3].map((step) => ({
          address: 'LEQ0000002:1',
          parameter: 'LEVEL',
          value: value + step / 100,
        }))
        await device.control.ccuReport({ reports })
        const params = ['LEQ0000001:0', 'TEXT', `Küche ${value} °C`]
        await device.control.ccuInvoke({ interfaceId: ID, method: 'event', params })
      }
      await device.control.ccuSettled()
      await ccu.call('init', [callbackUrl, ''])
    }
    await expect.poll(() => central.events.length).toBe(12)
    await recorder.stop()
    expect(recorder.health()).toMatchObject({ counters: { dropped: 0, failed: 0 } })
    const { requests, isComplete } = await readCapture(file)
    expect([isComplete, requests.length]).toEqual([true, recorder.health().counters['recorded']])
    expect(requests.every(({ answer }) => answer?.status === 200)).toBe(true)
    expect(requests[0]?.headers['user-agent']).toBe('XMLRPC++ 0.7')

    const again = await openHub(context)
    const url = `http://127.0.0.1:${again.server.listenPort}`
    const report = await replayCallbacks(file, url, { speed: Infinity })
    expect(report).toMatchObject({ requests: requests.length, matching: requests.length, differing: 0, failed: 0 })
    await expect.poll(() => again.central.events.length).toBe(12)
    expect(again.central.events).toEqual(central.events)
    expect(again.central.newDescriptions).toEqual(central.newDescriptions)
    expect(again.central.events.some(({ value }) => value === 'Küche 0.5 °C')).toBe(true)
  })

  bothModes('with a client of npm shows where another server answers otherwise', async (context) => {
    const { server } = await openHub(context)
    server.register('double', (number) => (number as number) * 2)
    const [recorder, file] = await openRecorder(context, server)
    {
      using client = new NpmClient(`http://127.0.0.1:${recorder.port}/RPC2`)
      expect(await client.call('double', 21)).toBe(42)
      expect(await client.call('event', ID, 'MEQ1:1', 'STATE', 'Tür')).toBe(true)
      await expect(client.call('unheardOf')).rejects.toMatchObject({ faultCode: -32601 })
    }
    await recorder.stop()
    const { server: other } = await openHub(context)
    const report = await replayCallbacks(file, `http://127.0.0.1:${other.listenPort}`)
    expect(report).toMatchObject({ requests: 3, matching: 2, differing: 1, statuses: { 200: 3 } })
    expect(report.differences[0]).toMatchObject({
      request: 1,
      recorded: { status: 200, excerpt: expect.stringContaining('42') },
      replayed: { status: 200, excerpt: expect.stringContaining('-32601') },
    })
  })

  bothModes('has every call of a CCU that got no answer, and what the server did with it', async (context) => {
    const { server, central } = await openHub(context)
    const [recorder, file] = await openRecorder(context, server)
    const callbackUrl = `http://127.0.0.1:${recorder.port}/RPC2`
    await using ccu = new XmlRpcClient({ url: device.ccu.url })
    await ccu.call('init', [callbackUrl, ID])
    await device.control.ccuSettled()
    context.defer(() => device.control.clearFaults())
    const cut = await device.control.addFault({ endpoint: 'callbacks', type: 'cut', attributes: { afterBytes: 20 } })
    const event = { interfaceId: ID, method: 'event', params: ['MEQ1:1', 'STATE', 1] }
    expect(await device.control.ccuInvoke(event)).toMatchObject({ kind: 'failed' })
    await device.control.removeFault(cut)
    expect(await device.control.ccuInvoke(event)).toEqual({ kind: 'answered', value: true })
    await ccu.call('init', [callbackUrl, ''])
    await expect.poll(() => central.events.length).toBe(2)
    await recorder.stop()
    const { requests } = await readCapture(file)
    const events = requests.filter(({ body }) => String(body).includes('MEQ1:1'))
    expect(events.map(({ answer }) => answer?.status)).toEqual([200, 200])
  })
})
