import { ControlClient } from '@x/testkit/control'
import { describe, expect, it } from 'vitest'
import { HubProcess } from './hub-process.ts'

describe('demo-hub', () => {
  it.each(['loop', 'thread'])('prints its ready line and what it hears, and ends on a signal: %s', async (mode) => {
    await using hub = new HubProcess('--port', '0', '--mode', mode)
    await expect.poll(() => hub.url ?? hub.stderr, { timeout: 15_000 }).toMatch(/^http:/)
    const control = new ControlClient(hub.url ?? '')
    const [device] = await control.devices()
    await control.setState(device?.id ?? '', { '1.STATE': true })
    await expect.poll(() => hub.stdout).toContain(`event ${device?.id}:1.STATE = true`)
    hub.signal('SIGINT')
    expect(await hub.exit).toBe(130)
    await expect(control.health()).rejects.toMatchObject({ name: 'ControlUnreachableError' })
  })

  it('shows its help', async () => {
    await using hub = new HubProcess('--help')
    expect(await hub.exit).toBe(0)
    expect(hub.stdout).toContain('demo-hub [--mode loop|thread]')
  })

  it('refuses wrong arguments', async () => {
    await using hub = new HubProcess('--mode', 'fork')
    expect(await hub.exit).toBe(2)
    expect(hub.stderr).toContain('--mode is fork; give loop or thread')
  })
})
