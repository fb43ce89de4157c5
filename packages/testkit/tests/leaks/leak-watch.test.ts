import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { isXError, OptionError } from '@x/loop-utils/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { expectNoLeaks, LeakError, leakHooks, LeakWatch, type Leak, type LeakKind } from '../../src/leaks/index.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function leaksOf(body: (watch: LeakWatch) => unknown): Promise<readonly Leak[]> {
  const outcome: unknown = await expectNoLeaks(async (watch) => void (await body(watch)), { graceMs: 100 }).catch(
    (error: unknown) => error,
  )
  return outcome instanceof LeakError ? outcome.leaks : []
}

function kinds(leaks: readonly Leak[]): readonly LeakKind[] {
  return leaks.map(({ kind }) => kind)
}

describe('what the leak check finds', () => {
  it('finds a timeout, and names the file that set it', async () => {
    const leaks = await leaksOf(() => {
      const timer = setTimeout(() => undefined, 60_000)
      cleanups.push(() => clearTimeout(timer))
    })
    expect(kinds(leaks)).toEqual(['timer'])
    expect(leaks[0]?.what).toBe('timeout of 60000 ms')
    expect(leaks[0]?.createdAt[0]).toContain('leak-watch.test.ts')
  })

  it('finds an interval that does not hold the process', async () => {
    const leaks = await leaksOf(() => {
      const timer = setInterval(() => undefined, 60_000).unref()
      cleanups.push(() => clearInterval(timer))
    })
    expect(leaks.map(({ what }) => what)).toEqual(['interval of 60000 ms (unreferenced)'])
  })

  it('finds a timer that sets itself anew for ever', async () => {
    let isOver = false
    cleanups.push(() => (isOver = true))
    const leaks = await leaksOf(() => {
      const again = (): void => {
        if (!isOver) setTimeout(again, 1)
      }
      again()
    })
    expect(kinds(leaks)).toEqual(['timer'])
  })

  it('finds an immediate that sets itself anew for ever', async () => {
    let isOver = false
    cleanups.push(() => (isOver = true))
    const leaks = await leaksOf(() => {
      const again = (): void => {
        if (!isOver) setImmediate(again)
      }
      again()
    })
    expect(kinds(leaks)).toEqual(['immediate'])
  })

  it('finds a server, also an unreferenced one', async () => {
    const leaks = await leaksOf(async () => {
      const server = createServer()
      cleanups.push(() => server.close())
      await listen(server)
      server.unref()
    })
    expect(kinds(leaks)).toEqual(['server'])
    expect(leaks[0]?.what).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('finds both ends of a connection', async () => {
    const server = createServer()
    cleanups.push(() => server.close())
    const port = await listen(server)
    const leaks = await leaksOf(async () => {
      const client = connect(port, '127.0.0.1')
      const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
      cleanups.push(
        () => client.destroy(),
        () => (accepted as typeof client).destroy(),
      )
    })
    expect(kinds(leaks)).toEqual(['socket', 'socket'])
    expect(leaks[0]?.what).toContain(` to 127.0.0.1:${port}`)
  })

  it('finds a datagram socket', async () => {
    const leaks = await leaksOf(async () => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      cleanups.push(() => socket.close())
      await once(socket, 'listening')
      socket.unref()
    })
    expect(kinds(leaks)).toEqual(['datagram'])
  })

  it('finds a worker, also an unreferenced one', async () => {
    const leaks = await leaksOf(async () => {
      const worker = new Worker('setInterval(() => undefined, 1000)', { eval: true })
      cleanups.push(() => worker.terminate())
      await once(worker, 'online')
      worker.unref()
    })
    expect(kinds(leaks)).toEqual(['worker'])
    expect(leaks[0]?.what).toMatch(/^thread \d+$/)
  })

  it('finds a child process and its pipes', async () => {
    const leaks = await leaksOf(async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
      cleanups.push(async () => {
        child.kill('SIGKILL')
        await once(child, 'close')
      })
      await once(child, 'spawn')
    })
    expect(kinds(leaks).toSorted()).toEqual(['child', 'pipe', 'pipe', 'pipe'])
    expect(leaks.find(({ kind }) => kind === 'child')?.what).toMatch(/^process \d+$/)
  })

  it('finds a message port that listens', async () => {
    const leaks = await leaksOf(() => {
      const { port1, port2 } = new MessageChannel()
      port1.on('message', () => undefined)
      cleanups.push(() => port2.close())
    })
    expect(kinds(leaks)).toEqual(['port'])
  })

  it('finds an open file', async () => {
    const leaks = await leaksOf(async () => {
      const file = await open(process.execPath)
      cleanups.push(() => file.close())
    })
    expect(kinds(leaks)).toEqual(['file'])
  })

  it('finds a listener on process', async () => {
    const listener = (): void => undefined
    cleanups.push(() => process.off('SIGUSR2', listener))
    const leaks = await leaksOf(() => void process.on('SIGUSR2', listener))
    expect(leaks.map(({ what }) => what)).toEqual([`1 more for 'SIGUSR2' on process`])
  })

  it('finds a listener on an emitter and on an AbortSignal', async () => {
    const emitter = new EventEmitter()
    const { signal } = new AbortController()
    emitter.on('data', () => undefined)
    const leaks = await leaksOf((watch) => {
      watch.watch(emitter).on('data', () => undefined)
      watch.watch(signal).addEventListener('abort', () => undefined)
    })
    expect(leaks.map(({ what }) => what)).toEqual([
      `1 more for 'data' on EventEmitter`,
      `1 more for 'abort' on AbortSignal`,
    ])
  })
})

describe('what the leak check lets pass', () => {
  it('lets things pass that close within the grace time', async () => {
    const done = await expectNoLeaks(async () => {
      const server = createServer((socket) => socket.end())
      const port = await listen(server)
      const client = connect(port, '127.0.0.1').resume()
      setTimeout(() => server.close(), 30)
      await once(client, 'end')
      return 'done'
    })
    expect(done).toBe('done')
  })

  it('lets the timers and idle sockets pass that Node keeps for fetch', async () => {
    const server = createHttpServer((_request, response) => response.end('hello'))
    cleanups.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const port = await listen(server)
    const leaks = await leaksOf(async () => {
      const response = await fetch(`http://127.0.0.1:${port}`)
      await response.text()
      AbortSignal.timeout(60_000)
    })
    // what is left is this test's own end of the connection, which its server accepted
    expect(leaks.filter(({ createdAt }) => createdAt.length > 0)).toEqual([])
  })

  it('lets a worker and a child pass that have ended', async () => {
    await expect(
      expectNoLeaks(async () => {
        const worker = new Worker('', { eval: true })
        const child = spawn(process.execPath, ['-e', ''])
        await Promise.all([once(worker, 'exit'), once(child, 'close')])
      }),
    ).resolves.toBeUndefined()
  })

  it('forgets many short timers while it runs', async () => {
    await expectNoLeaks(async () => {
      for (let round = 0; round < 5000; round++) clearTimeout(setTimeout(() => undefined, 60_000))
      await sleep(1)
    })
    expect(true).toBe(true)
  })
})

describe('how the leak check reports', () => {
  it('rejects with a typed error that lists what remains', async () => {
    const timer: { current?: NodeJS.Timeout } = {}
    cleanups.push(() => clearTimeout(timer.current))
    const error: unknown = await expectNoLeaks(
      () => {
        timer.current = setTimeout(() => undefined, 60_000)
      },
      { graceMs: 20 },
    ).catch((caught: unknown) => caught)
    expect(isXError(error) && error.code).toBe('TESTKIT_LEAK')
    expect((error as LeakError).message).toMatch(/^1 left over after 20 ms; .*\n {2}timer: timeout of 60000 ms\n/)
    expect((error as LeakError).graceMs).toBe(20)
  })

  it('shortens a long list', () => {
    const leaks = Array.from({ length: 25 }, () => ({ kind: 'timer' as const, what: 'x', createdAt: [] }))
    expect(new LeakError(leaks, 1).message).toContain('… and 5 more')
  })

  it('lets an error of the body through, and ends the watch', async () => {
    const failure = new Error('body')
    await expect(
      expectNoLeaks(() => {
        const timer = setTimeout(() => undefined, 60_000)
        cleanups.push(() => clearTimeout(timer))
        throw failure
      }),
    ).rejects.toBe(failure)
  })

  it('refuses wrong options', () => {
    expect(() => new LeakWatch({ graceMs: -1 })).toThrow(OptionError)
    expect(() => new LeakWatch({ targets: [{} as EventEmitter] })).toThrow(/option targets/)
  })
})

describe('hooks for a runner', () => {
  it('check from before to after', async () => {
    const hooks = leakHooks({ graceMs: 20 })
    hooks.before()
    const timer = setTimeout(() => undefined, 60_000)
    cleanups.push(() => clearTimeout(timer))
    await expect(hooks.after()).rejects.toThrow(LeakError)
    hooks.before()
    hooks.before()
    await expect(hooks.after()).resolves.toBeUndefined()
    await expect(hooks.after()).resolves.toBeUndefined()
  })
})
