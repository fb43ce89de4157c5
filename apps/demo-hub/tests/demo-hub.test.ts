import { startFakeDevice } from '@x/fake-device/testing'
import { bothModes, MODE_CASES } from '@x/testkit/modes'
import { describe, expect, it } from 'vitest'
import { DemoHub } from '../src/demo-hub.ts'

describe('the hub', () => {
  bothModes(
    'hears what devices do, and posts it',
    async ({ mode, defer }) => {
      const fake = await startFakeDevice()
      defer(() => fake.stop())
      const heard: string[] = []
      const hub = new DemoHub({
        ccuUrl: fake.ccu.url,
        control: fake.control,
        mode,
        onHeard: (text) => heard.push(text),
        onError: (error) => heard.push(String(error)),
      })
      defer(() => hub.stop())
      await hub.start()
      await expect.poll(() => heard).toHaveLength(1)
      expect(heard[0]).toMatch(/^newDevices \d+ devices, \d+ descriptions$/)
      const [device] = await fake.control.devices()
      const id = device?.id ?? ''
      for (const isOn of [true, false, true]) await fake.control.setState(id, { '1.STATE': isOn })
      await expect
        .poll(() => heard.slice(1))
        .toEqual([true, false, true].map((isOn) => `event ${id}:1.STATE = ${isOn}`))
      await expect
        .poll(async () => (await fake.control.observations()).observations.map(({ topic, value }) => [topic, value]))
        .toEqual([
          ['newDevices', undefined],
          ['event', true],
          ['event', false],
          ['event', true],
        ])
      await hub.stop()
      const { registrations } = await fake.control.ccu()
      expect(registrations.filter(({ state }) => state !== 'stopped')).toEqual([])
    },
    { cases: MODE_CASES.filter(({ copy }) => copy === 'none') },
  )

  it('fails to start without a CCU, and leaves nothing behind', async () => {
    const fake = await startFakeDevice()
    await fake.stop()
    const hub = new DemoHub({
      ccuUrl: fake.ccu.url,
      control: fake.control,
      onHeard: () => undefined,
      onError: () => undefined,
    })
    await expect(hub.start()).rejects.toMatchObject({ code: expect.stringContaining('XMLRPC_') as string })
    expect(hub.state).toBe('failed')
    await hub.stop()
  })

  it('goes on when what it heard cannot be posted, and shows values that are no scalars', async () => {
    const fake = await startFakeDevice()
    const heard: string[] = []
    const errors: unknown[] = []
    const hub = new DemoHub({
      ccuUrl: fake.ccu.url,
      control: { observe: () => Promise.reject(new Error('refused')) },
      onHeard: (text) => heard.push(text),
      onError: (error) => errors.push(error),
    })
    await hub.start()
    hub.onEvent({ interfaceId: 'x', channelAddress: 'A:1', parameter: 'LIST', value: [1, 2] })
    await expect.poll(() => errors).toContainEqual(new Error('refused'))
    expect(heard).toContain('event A:1.LIST = "[1,2]"')
    expect(hub.hasClient('another-hub-BidCos-RF')).toBe(false)
    await hub.stop()
    await fake.stop()
  })

  it('stops in peace when the CCU is gone before it', async () => {
    const fake = await startFakeDevice()
    const errors: unknown[] = []
    const hub = new DemoHub({
      ccuUrl: fake.ccu.url,
      control: fake.control,
      onHeard: () => undefined,
      onError: (error) => errors.push(error),
    })
    await hub.start()
    await expect.poll(async () => (await fake.control.observations()).total).toBe(1)
    await fake.stop()
    await hub.stop()
    expect(hub.state).toBe('stopped')
    expect(errors).toEqual([])
  })
})
