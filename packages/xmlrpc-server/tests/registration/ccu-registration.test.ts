import { constant, sequence } from '@x/loop-utils/backoff'
import { OptionError } from '@x/loop-utils/errors'
import { FakeCcu } from '@x/testkit/ccu'
import { FaultProxy } from '@x/testkit/faults'
import { bothModes, type ModeContext } from '@x/testkit/modes'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { XmlRpcClient } from '../../src/client/index.ts'
import { CcuRegistration, CcuSilentError, type CcuRegistrationOptions } from '../../src/registration/index.ts'
import { RecordingCentral, startServer } from '../server/server-harness.ts'

const ID = 'hub-BidCos-RF'
const QUICK = { pingAfterMs: 100, pongTimeoutMs: 300, backoff: constant(50), firstCallbackTimeoutMs: 10_000 } as const

interface Hub {
  readonly ccu: FakeCcu
  readonly central: RecordingCentral
  readonly registration: CcuRegistration
  readonly phases: string[]
}

/** A fake CCU, a server, and a registration between them that is not started yet. */
async function openHub(context: ModeContext, options: Partial<CcuRegistrationOptions> = {}): Promise<Hub> {
  const ccu = await new FakeCcu().start()
  context.defer(() => ccu.stop())
  const server = await startServer(context)
  const registration = new CcuRegistration({
    ccu: ccu.url,
    interfaceId: ID,
    callbackUrl: () => `http://127.0.0.1:${server.listenPort}`,
    ...QUICK,
    ...options,
  })
  context.defer(() => registration.stop())
  const central = new RecordingCentral('hub', ID)
  server.addCentral(registration.watch(central))
  const phases: string[] = []
  registration.on('phase', ({ phase }) => void phases.push(phase))
  return { ccu, central, registration, phases }
}

const inits = (ccu: FakeCcu): unknown[] =>
  ccu.calls().flatMap(({ method, params }) => (method === 'init' ? [params[1]] : []))

describe('a registration with a fake CCU', () => {
  bothModes('registers, is told the devices, and takes itself back', async (context) => {
    const { ccu, central, registration, phases } = await openHub(context, { pingAfterMs: 60_000 })
    const registered = once(registration, 'registered')
    await registration.start()
    await registration.ready()
    expect(await registered).toEqual([{ by: 'callback', inits: 1 }])
    await ccu.settled()
    await expect.poll(() => central.told.length).toBe(1)
    ccu.report('LEQ0000001:1', 'STATE', true)
    await expect.poll(() => central.events.length).toBe(1)
    expect(registration.health()).toMatchObject({ status: 'ok', counters: { inits: 1, missedPongs: 0 } })
    await registration.stop()
    expect([inits(ccu), ccu.registrations(), phases]).toEqual([[ID, ''], [], ['registering', 'registered', 'idle']])
  })

  bothModes('keeps a quiet interface by pings, whose PONGs the central does not see', async (context) => {
    const { ccu, central, registration } = await openHub(context)
    await registration.start()
    await registration.ready()
    for (let pong = 0; pong < 3; pong++) await once(registration, 'pong')
    expect(inits(ccu)).toEqual([ID])
    expect(central.events).toEqual([])
  })

  bothModes('registers again when the CCU has been started anew', async (context) => {
    const { ccu, registration, phases } = await openHub(context)
    await registration.start()
    await registration.ready()
    await ccu.stop()
    await expect.poll(() => phases).toContain('waiting')
    expect(registration.health().status).not.toBe('ok')
    await ccu.start()
    await registration.ready()
    await expect.poll(() => ccu.registrations().map(({ interfaceId }) => interfaceId)).toEqual([ID])
  })

  bothModes('registers again when the CCU takes pings and has forgotten who it is', async (context) => {
    const { ccu, registration } = await openHub(context, { pongTimeoutMs: 100 })
    const missed: number[] = []
    registration.on('missedPong', (details) => void missed.push(details.missed))
    await registration.start()
    await registration.ready()
    await using stranger = new XmlRpcClient({ url: ccu.url })
    await stranger.call('init', [ccu.registrations()[0]?.url ?? '', ''])
    const again = once(registration, 'registered')
    expect(await again).toEqual([{ by: 'callback', inits: 2 }])
    expect(missed.slice(0, 2)).toEqual([1, 2])
    expect(inits(ccu)).toEqual([ID, '', '', ID])
  })

  bothModes('takes init for good when its answer is lost and the CCU calls', async (context) => {
    const { ccu, registration, central } = await openHub(context, { pingAfterMs: 60_000, initTimeoutMs: 300 })
    await registration.stop()
    await using proxy = await new FaultProxy({ upstream: { port: ccu.port } }).start()
    proxy.addFault({ type: 'half-open', stream: 'downstream' })
    const behind = new CcuRegistration({
      ...QUICK,
      ccu: `http://127.0.0.1:${proxy.port}`,
      interfaceId: ID,
      callbackUrl: await callbackUrlOf(context, central, (watched) => behind.watch(watched)),
      pingAfterMs: 60_000,
      initTimeoutMs: 300,
      deregisterTimeoutMs: 200,
      onError: () => {
        throw new Error('nobody wants to know')
      },
    })
    context.defer(() => behind.stop())
    const registered = once(behind, 'registered')
    await behind.start()
    expect(await registered).toEqual([{ by: 'callback', inits: 1 }])
    expect(inits(ccu)).toEqual([ID])
    // its farewell is not answered either
    await behind.stop()
    expect(behind.state).toBe('stopped')
  })

  bothModes('says that nothing came back when the callback address leads nowhere', async (context) => {
    const { ccu, registration } = await openHub(context, {
      callbackUrl: 'http://127.0.0.1:9',
      firstCallbackTimeoutMs: 200,
      backoff: constant(60_000),
    })
    const silent = once(registration, 'silent')
    await registration.start()
    const [error] = (await silent) as [CcuSilentError]
    expect(error).toBeInstanceOf(CcuSilentError)
    expect(error.message).toContain('http://127.0.0.1:9')
    expect(registration.phase).toBe('waiting')
    await registration.stop()
    expect(inits(ccu)).toEqual([ID, ''])
  })

  bothModes('tries again when the interface answers init with a fault', async (context) => {
    const { ccu, registration, phases } = await openHub(context)
    ccu.failNext({ method: 'init', faultCode: -1, times: 2 })
    await registration.start()
    await registration.ready()
    expect(inits(ccu)).toEqual([ID, ID, ID])
    expect(phases).toEqual(['registering', 'waiting', 'registering', 'waiting', 'registering', 'registered'])
  })

  bothModes('says so when the interface does not know pings', async (context) => {
    const { ccu, registration } = await openHub(context)
    await registration.start()
    await registration.ready()
    ccu.failNext({ method: 'ping', faultCode: -1, times: 1000 })
    await expect.poll(() => registration.health().reason).toContain('refuses pings')
    expect(inits(ccu)).toEqual([ID])
  })

  bothModes('fails when its backoff ends, and can be started again', async (context) => {
    const { ccu, registration } = await openHub(context, { backoff: sequence([10]) })
    ccu.failNext({ method: 'init', faultCode: -1, times: 2 })
    await registration.start()
    await expect.poll(() => registration.state).toBe('failed')
    await registration.start()
    await registration.ready()
    expect(ccu.registrations()).toHaveLength(1)
  })

  it('hears of every kind of callback of its own interface, and passes all on', async () => {
    const central = new RecordingCentral('hub', ID)
    const registration = new CcuRegistration({ ccu: 'http://127.0.0.1:9', interfaceId: ID, callbackUrl: 'http://a:1' })
    const watched = registration.watch(Object.assign(central, { listDevices: () => [{ ADDRESS: 'A' }] }))
    await watched.onEvent?.({ interfaceId: ID, channelAddress: 'CENTRAL', parameter: 'PONG', value: 'somebody#1' })
    await watched.onNewDevices?.({ interfaceId: ID, descriptions: [] })
    await watched.onDeleteDevices?.({ interfaceId: 'other', addresses: [] })
    await watched.onUpdateDevice?.({ interfaceId: ID, address: 'A', hint: 0 })
    await watched.onReaddedDevice?.({ interfaceId: ID, addresses: [] })
    await watched.onReplaceDevice?.({ interfaceId: ID, oldAddress: 'A', newAddress: 'B' })
    await watched.onError?.({ interfaceId: ID, errorCode: 1, message: 'x' })
    expect(await watched.listDevices?.(ID)).toEqual([{ ADDRESS: 'A' }])
    expect([watched.name, watched.hasClient(ID), watched.hasClient('other')]).toEqual(['hub', true, false])
    expect(central.events).toHaveLength(1)
    expect(central.told.map((entry) => (entry as [string])[0])).toEqual([
      'newDevices',
      'deleteDevices',
      'updateDevice',
      'readdedDevice',
      'replaceDevice',
      'error',
    ])
    expect([registration.phase, registration.silentMs]).toEqual(['idle', undefined])
    registration.retry()
    expect(
      await new CcuRegistration({ ccu: 'http://a', interfaceId: ID, callbackUrl: 'http://a:1' })
        .watch({ name: 'b', hasClient: () => true })
        .listDevices?.(ID),
    ).toEqual([])
  })

  it.each([
    ['interfaceId', { interfaceId: '' }],
    ['callbackUrl', { callbackUrl: 'nowhere' }],
    ['pingAfterMs', { pingAfterMs: 0 }],
    ['maxMissedPongs', { maxMissedPongs: 0 }],
    ['watchdog', { watchdog: 'yes' as never }],
    ['backoff', { backoff: {} as never }],
    ['onError', { onError: 5 as never }],
    ['interfaceId', { interfaceId: 'x'.repeat(256) }],
    ['pingAfter', { pingAfter: 5 } as never],
    ['tls.ca', { tls: { ca: 5 as never } }],
    ['clock', { clock: 5 as never }],
    ['random', { random: 0.5 as never }],
  ])('refuses a wrong %s', (option, wrong) => {
    const right = { ccu: 'http://127.0.0.1:9', interfaceId: ID, callbackUrl: 'http://a:1' }
    expect(() => new CcuRegistration({ ...right, ...wrong })).toThrow(OptionError)
    expect(() => new CcuRegistration({ ...right, ...wrong })).toThrow(option)
  })
})

/** Starts another server for a central, and gives where it is called. */
async function callbackUrlOf(
  context: ModeContext,
  central: RecordingCentral,
  watch: (central: RecordingCentral) => ReturnType<CcuRegistration['watch']>,
): Promise<() => string> {
  const server = await startServer(context)
  return () => {
    if (server.noCentralAssigned) server.addCentral(watch(central))
    return `http://127.0.0.1:${server.listenPort}`
  }
}
