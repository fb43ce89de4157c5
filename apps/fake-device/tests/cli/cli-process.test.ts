import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReadyLine } from '../../src/cli/start-command.ts'
import { cliCommand } from '../../src/testing/cli-command.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

const SOURCES = new URL('../../src/testing/cli-command.ts', import.meta.url).href

function run(...args: readonly string[]): ChildProcessWithoutNullStreams {
  const [command, ...before] = cliCommand(SOURCES)
  return spawn(command, [...before, ...args])
}

async function outcome(child: ChildProcessWithoutNullStreams): Promise<{ code: unknown; out: string; err: string }> {
  let out = ''
  let err = ''
  child.stdout.on('data', (piece) => (out += String(piece)))
  child.stderr.on('data', (piece) => (err += String(piece)))
  const [code] = (await once(child, 'close')) as [unknown]
  return { code, out, err }
}

async function ready(child: ChildProcessWithoutNullStreams): Promise<ReadyLine> {
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line) as ReadyLine
}

describe('the program in a process of its own', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops in order at %s, with readers and clients connected',
    async (signal) => {
      const child = run('start', '--json')
      const { url } = await ready(child)
      const response = await fetch(`${url}/api/events`)
      const ended = outcome(child)
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 0, err: `${signal}; stopping\n` })
      await response.text()
    },
  )

  it('shows help and version, and ends with 2 when called wrongly', async () => {
    expect(await outcome(run('--version'))).toEqual({ code: 0, out: '0.0.0\n', err: '' })
    expect(await outcome(run('start', '--help'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('Examples:'),
      err: '',
    })
    expect(await outcome(run('start', '--port', 'x'))).toMatchObject({ code: 2, out: '' })
  })

  it('goes on when its standard input ends, and when nobody reads its output', async () => {
    const child = run('start', '--json')
    child.stdin.end()
    const { url } = await ready(child)
    child.stdout.destroy()
    child.stderr.destroy()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
