import { describe, expect, it } from 'vitest'
import type { FacadeEnd } from '../../src/channel/facade-end.ts'
import type { CallOptions } from '../../src/channel/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import type { ErasedLink } from '../../src/host/erased-link.ts'
import { HeldCalls } from '../../src/host/held-calls.ts'
import { ReplayLink } from '../../src/host/replay-link.ts'
import { settlesWithin } from '../../src/host/settles-within.ts'
import { rejection, settled } from '../settled.ts'

/** Calls that wait for an engine, and what it is asked once there is one. */
function open(maxPending = 10) {
  const clock = new ManualClock()
  const held = new HeldCalls('radio', maxPending, clock)
  const made: { command: string; input: unknown; options: CallOptions; end: PromiseWithResolvers<unknown> }[] = []
  const release = (): void => {
    held.release((command, input, options) => {
      const end = withResolvers()
      made.push({ command, input, options, end })
      return end.promise
    })
  }
  return { clock, held, made, release }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

function withResolvers(): PromiseWithResolvers<unknown> {
  let resolve!: (value: unknown) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

describe('held calls', () => {
  it('are made in order, once, with what is left of their time, and settle as the engine says', async () => {
    const { clock, held, made, release } = open()
    const bytes = new Uint8Array(4)
    const calls = [
      held.hold('tune', 1, { timeoutMs: 100 }),
      held.hold('send', bytes, { transfer: [bytes.buffer] }),
      held.hold('stop', undefined, undefined),
    ].map((call) => settled(call))
    await clock.advance(30)
    expect([held.size, made]).toEqual([3, []])
    release()
    release()
    expect(made.map(({ command }) => command)).toEqual(['tune', 'send', 'stop'])
    expect(made.map(({ input }) => input)).toEqual([1, bytes, undefined])
    const signal = expect.any(AbortSignal) as AbortSignal
    expect(made.map(({ options }) => options)).toEqual([
      { signal, timeoutMs: 70 },
      { signal, transfer: [bytes.buffer] },
      { signal },
    ])
    made[1]?.end.reject('refused')
    made[0]?.end.resolve('tuned')
    made[2]?.end.resolve(undefined)
    expect(await Promise.all(calls)).toEqual([
      { status: 'fulfilled', value: 'tuned' },
      { status: 'rejected', reason: 'refused' },
      { status: 'fulfilled', value: undefined },
    ])
    expect([held.size, clock.pending]).toEqual([0, 0])
  })

  it('are given up before they are made, or after, when the engine hears of it', async () => {
    const { clock, held, made, release } = open()
    const controller = new AbortController()
    const early = rejection(held.hold('early', 1, { timeoutMs: 10 }))
    await clock.advance(10)
    expect(await early).toMatchObject({ code: 'LOOP_TIMEOUT' })
    const late = rejection(held.hold('late', 1, { signal: controller.signal }))
    release()
    expect(made.map(({ command }) => command)).toEqual(['late'])
    expect(made[0]?.options.signal?.aborted).toBe(false)
    controller.abort('changed my mind')
    expect(await late).toBe('changed my mind')
    expect(made[0]?.options.signal?.aborted).toBe(true)
    made[0]?.end.resolve('too late')
    await Promise.resolve()
    release()
    expect([held.size, made.length]).toEqual([0, 1])
  })

  it('are bounded, and rejected when there will be no engine', async () => {
    const { held, made, release } = open(1)
    const waiting = rejection(held.hold('first', 1, undefined))
    expect(await rejection(held.hold('second', 2, undefined))).toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: "calls to engine 'radio'",
    })
    const reason = new Error('down')
    expect(held.close(reason)).toBe(1)
    expect(await waiting).toBe(reason)
    expect(await rejection(held.hold('third', 3, undefined))).toBe(reason)
    release()
    expect([held.close(reason), made]).toEqual([0, []])
  })
})

describe('a link as a replay sees it', () => {
  it('calls the fresh engine, and is the link in all else', async () => {
    const asked: unknown[] = []
    const note =
      (name: string) =>
      (...given: unknown[]): unknown => {
        asked.push([name, ...given])
        return name
      }
    const link = {
      state: 'restarting',
      stats: 'the stats',
      ...Object.fromEntries(['pause', 'resume', 'observe', 'close'].map((name) => [name, note(name)])),
      [Symbol.asyncDispose]: note('dispose'),
    } as unknown as ErasedLink
    const replay = new ReplayLink(link, { call: note('call') } as unknown as FacadeEnd)
    expect([replay.state, replay.stats]).toEqual(['restarting', 'the stats'])
    expect(replay.call('tune', 1, { timeoutMs: 5 })).toBe('call')
    replay.pause()
    replay.resume()
    replay.observe({ diagnostics: true })
    expect(replay.close({ drain: false })).toBe('close')
    await replay[Symbol.asyncDispose]()
    expect(asked).toEqual([
      ['call', 'tune', 1, { timeoutMs: 5 }],
      ['pause'],
      ['resume'],
      ['observe', { diagnostics: true }],
      ['close', { drain: false }],
      ['dispose'],
    ])
  })
})

describe('what settles in time', () => {
  it('is told from what does not, and leaves no timer', async () => {
    const clock = new ManualClock()
    expect(await settlesWithin(Promise.resolve(1), 10, clock)).toBe(true)
    expect(clock.pending).toBe(0)
    const late = settlesWithin(new Promise(() => {}), 10, clock)
    await clock.advance(10)
    expect(await late).toBe(false)
  })
})
