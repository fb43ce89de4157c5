import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ControlClient } from '@x/testkit/control'
import { describe, expect, it } from 'vitest'
import { HELP, readArguments } from '../src/hub-arguments.ts'
import { startHub } from '../src/running-hub.ts'

describe('the arguments of the hub', () => {
  it('have defaults', () => {
    expect(readArguments([])).toEqual({ mode: 'loop', port: 8090 })
    expect(readArguments(['--mode', 'thread', '--port', '0'])).toEqual({ mode: 'thread', port: 0 })
    expect(readArguments(['--help'])).toBeUndefined()
    expect(HELP).toContain('--mode')
  })

  it.each([
    [['--mode', 'fork'], '--mode is fork; give loop or thread'],
    [['--port', 'many'], '--port is many; give 0 to 65535'],
    [['--port', '65536'], '--port is 65536; give 0 to 65535'],
    [['--port='], '--port is ; give 0 to 65535'],
    [['--nonsense'], '--nonsense'],
  ])('are refused when they are wrong: %s', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})

describe('a running hub', () => {
  it('says where everything is, prints what it hears, and stops all of it', async () => {
    const printed: string[] = []
    const hub = await startHub(
      { mode: 'loop', port: 0 },
      { print: (line) => printed.push(line), onError: (error) => printed.push(String(error)) },
    )
    expect(hub.readyLine).toMatch(/^ready: open http:\S+ and switch a device; hub on http:\S+ \(loop\), CCU on http:/)
    const control = new ControlClient(hub.url)
    const [device] = await control.devices()
    await control.setState(device?.id ?? '', { '1.STATE': true })
    await expect.poll(() => printed).toContain(`event ${device?.id}:1.STATE = true`)
    await hub.stop()
    await expect(control.health()).rejects.toMatchObject({ name: 'ControlUnreachableError' })
  })

  it('does not start on a port that is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(
      startHub({ mode: 'loop', port }, { print: () => undefined, onError: () => undefined }),
    ).rejects.toThrow(String(port))
    await new Promise((resolve) => other.close(resolve))
  })
})
