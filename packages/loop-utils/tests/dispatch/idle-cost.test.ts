import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Runs the child to its end, which it must come to by itself. */
async function run(kind: string): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, [
    ...process.execArgv,
    '--no-deprecation',
    fileURLToPath(new URL('./idle.child.ts', import.meta.url)),
    kind,
  ])
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  expect(err).toBe('')
  const told = Object.assign(
    {},
    ...out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object),
  ) as object
  return { code, ...told }
}

describe('idle cost', () => {
  it('lets a process end by itself, with a thread still connected and a posted function still to run', async () => {
    expect(await run('idle')).toEqual({ code: 0, answers: 2 })
  })

  it('keeps the process alive when told to', async () => {
    expect(await run('ref')).toMatchObject({ isAlive: true, code: 0 })
  })

  it('keeps the process alive for an event that is awaited with ref', async () => {
    expect(await run('event')).toMatchObject({ isAlive: true, code: 0 })
  })

  it('does not turn the loop of either side while nothing happens', async () => {
    const told = await run('quiet')
    // 400 ms pass with one timer; polling every 10 ms would be 40 turns
    expect(told['mainTurns']).toBeLessThan(10)
    expect(told['workerTurns']).toBeLessThan(10)
  })
})
