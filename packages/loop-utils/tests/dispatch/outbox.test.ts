import { describe, expect, it } from 'vitest'
import { type ConnectOptions, Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { Outbox, Outgoing } from '../../src/dispatch/outbox.ts'
import { SharedState } from '../../src/dispatch/shared-state.ts'
import { rejection } from '../settled.ts'
import { turns, upTo } from './threads.ts'

/** An outbox whose dispatcher is on this loop, so that nothing is delivered before a turn. */
function open(options: ConnectOptions = {}) {
  const dispatcher = new Dispatcher({ name: 'house', onError: () => undefined })
  const got: unknown[] = []
  dispatcher.register({ take: (value: unknown) => got.push(value) })
  const handle = dispatcher.connect({ credit: 4, ...options })
  const state = new SharedState(handle.state)
  state.attach()
  const refused: [call: number, path: string][] = []
  const outbox = new Outbox(handle, state, {
    mayBlock: true,
    onRefusedCall: (call, { path }) => refused.push([call, path]),
  })
  const send = (value: unknown): boolean => outbox.send(['take', 0, value], undefined)
  const outgoing = (value: unknown, isDroppable = false): Outgoing => new Outgoing(['take', 0, value], { isDroppable })
  return { dispatcher, got, handle, state, refused, outbox, send, outgoing }
}

describe('an outbox', () => {
  it('has room up to the credit, and counts what was not delivered', async () => {
    const { dispatcher, got, outbox, send } = open()
    expect(upTo(5).map((i) => outbox.hasRoom() && send(i))).toEqual([true, true, true, true, false])
    expect(outbox.depth).toBe(4)
    await turns()
    expect([outbox.depth, outbox.hasRoom(), got]).toEqual([0, true, upTo(4)])
    await dispatcher.close({ mode: 'discard' })
  })

  it('keeps what must not be lost in order, tells when each is sent, and may be given it back', async () => {
    const { dispatcher, got, outbox, outgoing } = open()
    const told: number[] = []
    const all = upTo(8).map((i) => {
      const one = outgoing(i)
      one.onSent = () => told.push(i)
      outbox.certain(one)
      return one
    })
    expect([told, outbox.depth, all.map(({ isGone }) => isGone)]).toEqual([upTo(4), 8, upTo(8).map((i) => i < 4)])
    expect(() => outbox.certain(outgoing(9))).toThrow(expect.objectContaining({ code: 'LOOP_QUEUE_OVERFLOW' }))
    expect([outbox.withdraw(all[5] as Outgoing), outbox.withdraw(all[0] as Outgoing)]).toEqual([true, false])
    await turns(6)
    expect(got).toEqual([0, 1, 2, 3, 4, 6, 7])
    expect(told).toEqual(got)
    await dispatcher.close({ mode: 'discard' })
  })

  it('blocks for room until there is some, the time is over or the lane is closed', async () => {
    const { dispatcher, outbox, send } = open()
    expect(outbox.blockForRoom(0)).toBe(true)
    for (const i of upTo(4)) send(i)
    expect(outbox.blockForRoom(0)).toBe(false)
    expect(outbox.blockForRoom(2)).toBe(false)
    await dispatcher.close({ mode: 'discard' })
    expect(outbox.blockForRoom(60_000)).toBe(false)
  })

  it('has nothing to send to once the dispatcher is closed', async () => {
    const { dispatcher, outbox, send, outgoing } = open()
    expect(outbox.isOpen).toBe(true)
    await dispatcher.close({ mode: 'discard' })
    expect([outbox.isOpen, send(1)]).toEqual([false, false])
    const lost = outgoing(2)
    const reasons: unknown[] = []
    lost.onLost = (reason) => reasons.push(reason)
    outbox.certain(lost)
    expect(reasons).toEqual([expect.objectContaining({ code: 'LOOP_DISPATCHER_CLOSED', dispatcher: 'house' })])
    outbox.cancel(1)
    outbox.commit()
  })

  it('is closed for new things as soon as the dispatcher begins to close', () => {
    const { outbox, state } = open()
    state.close()
    expect(outbox.isOpen).toBe(false)
  })

  it('sends what it keeps before it ends', async () => {
    const { dispatcher, got, outbox, outgoing } = open()
    for (const i of upTo(8)) outbox.certain(outgoing(i))
    const finished = outbox.finish()
    expect(outbox.isOpen).toBe(false)
    await finished
    await turns()
    expect(got).toEqual(upTo(8))
    expect(dispatcher.stats().posters).toBe(0)
  })

  it('sends the events that it keeps when it is closed, and gives up who waits', async () => {
    const { dispatcher, got, outbox, outgoing } = open({ overflow: 'drop-oldest', credit: 8 })
    const waits = upTo(7).map((i) => {
      const one = outgoing(i, i < 5)
      const outcome = { sent: false, lost: undefined as unknown }
      one.onSent = () => (outcome.sent = true)
      one.onLost = (reason) => (outcome.lost = reason)
      outbox.certain(one)
      return outcome
    })
    const finished = outbox.finish()
    outbox.close('gone')
    await finished
    expect(waits).toEqual(upTo(7).map((i) => (i < 5 ? { sent: true, lost: undefined } : { sent: false, lost: 'gone' })))
    await turns()
    expect(got).toEqual(upTo(5))
    await dispatcher.close()
  })

  it('tells what cannot cross: a call to its caller, and an event over there', async () => {
    const { dispatcher, got, refused, outbox } = open({ credit: 40 })
    const bad = (): number => 1
    outbox.send(['take', 0, bad], undefined)
    outbox.send(['take', 7, bad], undefined)
    outbox.send(['other', [8, 1e12], [bad]], undefined)
    outbox.send(['take', 0, 'good'], undefined)
    outbox.commit()
    expect(refused).toEqual([
      [7, "arguments[0] of 'take'"],
      [8, "arguments[0][0] of 'other'"],
    ])
    await turns()
    expect(got).toEqual(['good'])
    expect(dispatcher.stats()).toMatchObject({ errors: 1, dropped: { refused: 1 } })
    await dispatcher.close({ mode: 'discard' })
  })

  it.each([
    [{ name: 'meter' }, 'house', "poster 'meter' of dispatcher 'house'"],
    [{}, 'house', "poster of dispatcher 'house'"],
    [{ name: 'meter' }, undefined, "poster 'meter'"],
    [{}, undefined, 'poster'],
  ])('is named in errors: %o of %s', async (options, name, queue) => {
    await using dispatcher = new Dispatcher(name === undefined ? {} : { name })
    const poster = attachPoster(dispatcher.connect({ ...options, overflow: 'error', credit: 2 }))
    for (const _ of upTo(2)) poster.emit('take')
    expect(() => poster.emit('take')).toThrow(expect.objectContaining({ queue, capacity: 2 }))
    await dispatcher.close({ mode: 'discard' })
  })
})

describe('a poster', () => {
  it.each(['drop-oldest', 'coalesce'] as const)(
    'lets no more wait than its credit with the policy %s',
    async (overflow) => {
      await using dispatcher = new Dispatcher()
      const got: unknown[] = []
      dispatcher.register({ take: (value: unknown) => got.push(value) })
      const poster = attachPoster<{ take(value: number): void }>(dispatcher.connect({ overflow, credit: 8 }), {
        coalesceBy: (_handler, [value]) => String(value),
      })
      const accepted = upTo(20).filter((i) => poster.emit('take', i))
      expect(poster.depth).toBe(8)
      await poster.close()
      expect(got).toEqual(overflow === 'coalesce' ? upTo(8) : [...upTo(4), ...upTo(20).slice(16)])
      expect(accepted).toHaveLength(overflow === 'coalesce' ? 8 : 20)
    },
  )

  it.each([
    [{ name: 'meter' }, "calls of poster 'meter'"],
    [{}, 'calls of poster'],
  ])('says whose calls are too many: %o', async (options, queue) => {
    await using dispatcher = new Dispatcher()
    const poster = attachPoster(dispatcher.connect({ ...options, maxCalls: 1 }))
    const first = rejection(poster.call('take', []))
    expect(await rejection(poster.call('take', []))).toMatchObject({ queue, capacity: 1 })
    expect(await first).toMatchObject({ code: 'LOOP_HANDLER_MISSING' })
    await poster.close()
  })

  it('numbers the calls that it refuses for want of room as if they had never been', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({ take: () => 1 })
    const poster = attachPoster<{ take(): number }>(dispatcher.connect({ credit: 2, maxCalls: 4 }))
    const calls = upTo(6).map(() => poster.call('take', []))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual(upTo(6).map((i) => (i < 4 ? 'fulfilled' : 'rejected')))
    expect(await poster.call('take', [])).toBe(1)
    await poster.close()
  })
})
