import { spawn } from 'node:child_process'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunningFakeDevice } from '../../src/testing/running-fake-device.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

function run(code: string, command: string = process.execPath): RunningFakeDevice {
  return new RunningFakeDevice(spawn(command, ['-e', code]), 2000)
}

async function problemOf(running: RunningFakeDevice): Promise<unknown> {
  const error: unknown = await running.ready({ timeoutMs: 5000, signal: undefined }).catch((caught: unknown) => caught)
  await running.stop()
  return error
}

describe('a process that is no fake-device', () => {
  it.each([
    ['hello', `was: 'hello'`],
    ['{"event":"ready"}', 'no URLs'],
    ['{"event":"ready","url":"http://x","ccu":{"url":"here"}}', 'a URL that is none'],
    ['{"event":"other","url":"http://x","ccu":{"url":"http://y"}}', 'another event'],
  ])('is told by its first line %j: %s', async (line) => {
    const error = await problemOf(run(`console.log(${JSON.stringify(line)}); process.stdin.resume()`))
    expect(error).toMatchObject({ code: 'FAKE_START', exit: undefined })
    expect((error as Error).message).toContain(`wrote '${line}' instead of a ready line; it wrote nothing to stderr`)
  })

  it('is told by its end, with the last that it wrote', async () => {
    const error = await problemOf(run(`console.error('x'.repeat(100_000) + 'the end'); process.exitCode = 7`))
    expect(error).toMatchObject({ exit: { code: 7, signal: null } })
    const { stderr } = error as { stderr: string }
    expect(stderr.endsWith('the end\n')).toBe(true)
    expect(stderr.length).toBe(64 * 1024)
  })

  it('may not be there at all', async () => {
    const error = await problemOf(run('', '/nowhere/node'))
    expect(error).toMatchObject({ code: 'FAKE_START', cause: expect.objectContaining({ code: 'ENOENT' }) })
    expect((error as Error).message).toContain('could not be started')
  })
})
