import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { Dispatcher, type Handlers, attachPoster } from '../../src/dispatch/index.ts'
import type { PosterHandle } from '../../src/dispatch/poster-handle.ts'
import { serveLoop, type WorkerLoopContext } from '../../src/loop-manager/index.ts'
import { serveLoopOn } from '../../src/loop-manager/serve-loop.ts'
import { rejection } from '../settled.ts'
import { deaf } from './task-bodies.ts'

interface Heard {
  readonly type: string
  readonly handle: PosterHandle
  readonly error: unknown
}

/** Plays the manager over a port. */
function serve(
  setup: (context: WorkerLoopContext) => unknown,
  { noise = [], owner }: { readonly noise?: readonly unknown[]; readonly owner?: PosterHandle } = {},
): {
  readonly served: Promise<unknown>
  /** The port to the loop has been closed. */
  readonly closed: Promise<unknown>
  readonly next: () => Promise<Heard>
  readonly send: (message: unknown) => void
  /** What was told and not yet taken. */
  readonly left: readonly unknown[]
} {
  const { port1, port2 } = new MessageChannel()
  const messages: Heard[] = []
  port1.on('message', (message: Heard) => messages.push(message))
  const closed = once(port1, 'close')
  const served = serveLoopOn(port2, setup as () => Handlers).catch((error: unknown) => error)
  for (const message of noise) port1.postMessage(message)
  port1.postMessage({ type: 'x:start-loop', name: 'here', data: 5, owner }, [...(owner?.ports ?? [])])
  return {
    served,
    closed,
    next: async () => {
      while (messages.length === 0) await new Promise((resolve) => setImmediate(resolve))
      return messages.shift() as Heard
    },
    send: (message) => port1.postMessage(message),
    left: messages,
  }
}

describe('serveLoop', () => {
  it('sets up, takes calls, and releases when it is closed', async () => {
    const log: unknown[] = []
    const { closed, left, next, send, served } = serve(({ data, dispatcher, name, owner, resources, signal }) => {
      log.push(name, data, owner, dispatcher.name, signal.aborted)
      resources.defer(() => log.push(signal.aborted))
      return { double: (n: number) => 2 * n }
    })
    const ready = await next()
    expect(ready.type).toBe('x:loop-ready')
    const poster = attachPoster<{ double: (n: number) => number }>(ready.handle as never)
    expect(await poster.call('double', [4])).toBe(8)
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    expect(await served).toBeUndefined()
    expect(log).toEqual(['here', 5, undefined, 'here', false, true])
    expect(poster.emit('double', 1)).toBe(false)
    await closed
    expect(left).toEqual([])
  })

  it('does not heed what is none of its messages', async () => {
    const noise = [null, 5, 'x:start-loop', {}, { type: 5 }, { type: 'x:start' }, { type: 'x:loop-ready', name: 'no' }]
    const names: string[] = []
    const { next, send, served } = serve(
      ({ name }) => {
        names.push(name)
        return { double: (n: number) => 2 * n }
      },
      { noise },
    )
    const poster = attachPoster<{ double: (n: number) => number }>((await next()).handle as never)
    for (const message of noise) send(message)
    send({ type: 'x:start-loop', name: 'again', data: 5, owner: undefined })
    expect(await poster.call('double', [4])).toBe(8)
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    expect(await served).toBeUndefined()
    expect(names).toEqual(['here'])
  })

  /** A loop whose call is answered some turns after it was told to end. */
  function slow(log: unknown[]) {
    const began = deaf()
    const loop = serve(({ resources, signal }) => {
      resources.defer(() => log.push('released'))
      return {
        late: async () => {
          began.resolve()
          await once(signal, 'abort')
          for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
          log.push('answered')
          return 'late'
        },
      }
    })
    return { ...loop, began: began.promise }
  }

  it('answers the calls that it has before it releases anything', async () => {
    const log: unknown[] = []
    const { began, next, send, served } = slow(log)
    const poster = attachPoster<{ late: () => string }>((await next()).handle as never)
    const call = poster.call('late', [])
    await began
    send({ type: 'x:close-loop', deadlineMs: 60_000 })
    expect(await call).toBe('late')
    await served
    expect(log).toEqual(['answered', 'released'])
  })

  it('gives up the calls that are not answered at the deadline', async () => {
    const log: unknown[] = []
    const { began, next, send, served } = slow(log)
    const poster = attachPoster<{ late: () => string }>((await next()).handle as never)
    const call = rejection(poster.call('late', []))
    await began
    send({ type: 'x:close-loop', deadlineMs: 0 })
    expect(await call).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await served
    expect(log[0]).toBe('released')
  })

  it('ends when it was told to before it was set up', async () => {
    const gate = deaf()
    const log: string[] = []
    const { next, send, served } = serve(async ({ resources }) => {
      resources.defer(() => log.push('released'))
      await gate.promise
      log.push('set up')
      return {}
    })
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    await new Promise((resolve) => setImmediate(resolve))
    gate.resolve()
    expect((await next()).type).toBe('x:loop-ready')
    await served
    expect(log).toEqual(['set up', 'released'])
  })

  it('tells of a set-up that fails, having released what was there', async () => {
    const log: string[] = []
    const fault = new Error('no antenna')
    const { closed, next, served } = serve(({ dispatcher, resources }) => {
      dispatcher.post(() => log.push('ran'))
      resources.defer(() => {
        log.push('released')
        throw new Error('and no release')
      })
      throw fault
    })
    expect(await next()).toMatchObject({ type: 'x:loop-trouble', error: { message: 'and no release' } })
    expect(await next()).toMatchObject({ type: 'x:loop-failed', error: { message: 'no antenna' } })
    expect(await served).toBe(fault)
    await closed
    expect(log).toEqual(['released'])
  })

  it('tells of a set-up that makes something else than handlers', async () => {
    const { next, served } = serve(() => ({ double: 2 }))
    expect(await next()).toMatchObject({ type: 'x:loop-failed', error: { code: 'LOOP_OPTION' } })
    expect(await served).toMatchObject({ code: 'LOOP_OPTION', expected: 'a function' })
  })

  it('tells of handlers that throw with nobody waiting', async () => {
    const infos: unknown[] = []
    const listener = (info: unknown): void => void infos.push(info)
    subscribe('x:loop-utils:dispatcher:error', listener)
    const { next, send, served } = serve(() => ({
      bad: () => {
        throw new Error('unheard')
      },
    }))
    const poster = attachPoster<{ bad: () => void }>((await next()).handle as never)
    poster.emit('bad')
    expect(await next()).toMatchObject({ type: 'x:loop-trouble', error: { message: 'unheard' } })
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    expect(await served).toBeUndefined()
    unsubscribe('x:loop-utils:dispatcher:error', listener)
    expect(infos).toMatchObject([{ dispatcher: 'here', kind: 'emit', handler: 'bad', poster: 'manager' }])
  })

  it('tells of what it could not release, and ends all the same', async () => {
    const { closed, next, send, served } = serve(({ resources }) => {
      resources.defer(() => Promise.reject(new Error('stuck')))
      return {}
    })
    await next()
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    expect(await next()).toMatchObject({ type: 'x:loop-trouble', error: { message: 'stuck' } })
    expect(await served).toBeUndefined()
    await closed
  })

  it('gives the calls of its set-up to the owner, and leaves it when it ends', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({ heard: (text: string) => `${text}!` })
    let answer: unknown
    const { closed, next, send, served } = serve(
      async ({ owner }) => {
        answer = await owner?.call('heard', ['hi'] as never)
        return {}
      },
      { owner: dispatcher.connect() },
    )
    await next()
    expect([answer, dispatcher.stats().posters]).toEqual(['hi!', 1])
    send({ type: 'x:close-loop', deadlineMs: 1000 })
    await served
    await closed
    while (dispatcher.stats().posters > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('refuses what makes no handlers', async () => {
    expect(await rejection(serveLoop(1 as never))).toMatchObject({ option: 'setup', expected: 'a function' })
  })
})
