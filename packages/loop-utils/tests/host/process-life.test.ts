import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./programs/one-engine.ts', import.meta.url))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts the program and waits until its engine has answered. */
async function start(mode: string, fate: string): Promise<{ child: ChildProcess; exit: Promise<unknown[]> }> {
  const child = spawn(process.execPath, [...process.execArgv, program, mode, fate], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const exit = once(child, 'exit')
  const [text] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  expect(text.toString()).toBe('placed\n')
  return { child, exit }
}

describe.each(['loop', 'thread'])('in mode %s', (mode) => {
  test('a placed engine keeps the process alive', async () => {
    const { child, exit } = await start(mode, 'leave it')
    await delay(400)
    expect(child.exitCode).toBe(null)
    child.kill('SIGKILL')
    await exit
  })

  test('an idle host does not keep the process alive', async () => {
    const { exit } = await start(mode, 'close the link')
    expect(await exit).toEqual([0, null])
  })

  test('a closed host does not keep the process alive', async () => {
    const { exit } = await start(mode, 'close the host')
    expect(await exit).toEqual([0, null])
  })

  test('the process can exit at any time', async () => {
    const { exit } = await start(mode, 'exit')
    expect(await exit).toEqual([5, null])
  })
})
