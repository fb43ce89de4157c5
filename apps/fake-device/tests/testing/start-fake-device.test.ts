import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { OptionError } from '@x/loop-utils/errors'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDeviceStartError, isFakeDeviceError, startFakeDevice } from '../../src/testing.ts'
import { cliCommand } from '../../src/testing/cli-command.ts'

const leaks = leakHooks({ graceMs: 5000 })
beforeEach(leaks.before)
afterEach(leaks.after)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('startFakeDevice', () => {
  it('gives a server in another process, which ends with stop', async () => {
    const fake = await startFakeDevice()
    expect(fake.pid).not.toBe(process.pid)
    expect((await fake.control.devices()).length).toBe(10)
    expect((await fake.control.ccu()).url).toBe(fake.ccu.url)
    expect(fake.control.url).toBe(`${fake.url}/`)
    expect(await fake.stop()).toEqual({ code: 0, signal: null })
    expect(await fake.stop()).toEqual(await fake.exited)
    expect(fake.stderr).toContain('standard input has ended')
    expect(isAlive(fake.pid)).toBe(false)
    await expect(fake.control.health()).rejects.toMatchObject({ code: 'TESTKIT_CONTROL_UNREACHABLE' })
  })

  it('gives any number of servers at once, and ends them when disposed', async () => {
    const pids: number[] = []
    {
      await using first = await startFakeDevice()
      await using second = await startFakeDevice()
      pids.push(first.pid, second.pid)
      expect(first.url).not.toBe(second.url)
      await first.control.setState('LEQ0000001', { '1.STATE': true })
      expect((await second.control.state('LEQ0000001')).state['1.STATE']).toBe(false)
    }
    expect(pids.map(isAlive)).toEqual([false, false])
  })

  it('gives the catalogue, and takes after an interface process', async () => {
    await using fake = await startFakeDevice({
      fleet: 'catalogue',
      seed: 5,
      profile: 'hmip',
      quirks: { encoding: 'utf-8', emptyInterfaceId: false, path: '/here' },
    })
    expect(await fake.control.ccu()).toMatchObject({
      devices: 388,
      profile: 'hmip',
      interfaceName: 'HmIP-RF',
      quirks: { encoding: 'utf-8', emptyInterfaceId: false, path: '/here', refusesEmptyString: true },
    })
    await expect(startFakeDevice({ quirks: { encoding: 'utf-16' as never } })).rejects.toThrow('quirks.encoding')
    await expect(startFakeDevice({ fleet: 'zoo' as never })).rejects.toThrow(OptionError)
    await expect(startFakeDevice({ profile: 'ccu9' as never })).rejects.toThrow(OptionError)
    await expect(startFakeDevice({ seed: -1 })).rejects.toThrow(OptionError)
  })

  it('tells when the process ends by itself', async () => {
    await using fake = await startFakeDevice()
    process.kill(fake.pid, 'SIGKILL')
    expect(await fake.exited).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('kills a process that does not end in time', async () => {
    const fake = await startFakeDevice({ stopTimeoutMs: 50 })
    process.kill(fake.pid, 'SIGSTOP')
    expect(await fake.stop()).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('rejects with what the process wrote when it fails', async () => {
    await using first = await startFakeDevice()
    const port = Number(new URL(first.url).port)
    const error: unknown = await startFakeDevice({ port }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FakeDeviceStartError)
    expect(isFakeDeviceError(error)).toBe(true)
    expect(error).toMatchObject({
      code: 'FAKE_START',
      exit: { code: 1 },
      stderr: expect.stringContaining('FAKE_LISTEN'),
    })
    expect((error as Error).message).toContain(`cannot listen on 127.0.0.1:${port}`)
  })

  it('rejects when it is not ready in time, or no longer wanted', async () => {
    await expect(startFakeDevice({ readyTimeoutMs: 1 })).rejects.toThrow(/was not ready within 1 ms/)
    const controller = new AbortController()
    const reason = new Error('enough')
    const starting = startFakeDevice({ signal: controller.signal })
    controller.abort(reason)
    await expect(starting).rejects.toBe(reason)
    await expect(startFakeDevice({ signal: controller.signal })).rejects.toBe(reason)
  })

  it('refuses wrong options', async () => {
    await expect(startFakeDevice({ port: -1 })).rejects.toThrow(OptionError)
    await expect(startFakeDevice({ ccuPort: 0.5 })).rejects.toThrow(/ccuPort/)
    await expect(startFakeDevice({ readyTimeoutMs: -1 })).rejects.toThrow(/readyTimeoutMs/)
    await expect(startFakeDevice({ signal: 'now' as never })).rejects.toThrow(/signal/)
  })

  it('ends with the process that started it, even when that is killed', async () => {
    const parentFile = fileURLToPath(new URL('parent.ts', import.meta.url))
    const parent = spawn(process.execPath, [...cliCommand(import.meta.url).slice(1, -1), parentFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await gone(pid)
    expect(isAlive(pid)).toBe(false)
  })
})

describe('how the program is started', () => {
  it('from what was built needs no flags', () => {
    expect(cliCommand('file:///x/dist/testing/cli-command.js', ['--import', 'y'])).toEqual([
      process.execPath,
      '/x/dist/cli.js',
    ])
  })

  it('from sources hands on what loads them, and nothing else', () => {
    const flags = [
      '--inspect-brk',
      '--import',
      'file:///loader.mjs',
      '-e',
      'code',
      '--conditions=@x/source',
      '--import',
    ]
    expect(cliCommand('file:///x/src/testing/cli-command.ts', flags).slice(1)).toEqual([
      '--import',
      'file:///loader.mjs',
      '--conditions=@x/source',
      '--import',
      '',
      '/x/src/cli.ts',
    ])
  })
})
