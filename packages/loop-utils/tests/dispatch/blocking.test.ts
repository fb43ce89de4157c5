import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/clock/index.ts'
import type { ConnectOptions } from '../../src/dispatch/index.ts'
import { DISPATCH_ERROR_CLASSES } from '../../src/dispatch/dispatch-errors.ts'
import { resolveConnectOptions } from '../../src/dispatch/dispatcher-options.ts'
import { PosterEnd } from '../../src/dispatch/poster-end.ts'
import { SharedState } from '../../src/dispatch/shared-state.ts'
import { CANCEL, type DownItem, FAILURE, RESULT, type UpItem } from '../../src/dispatch/wire.ts'
import { ErrorRevival, toPlainError } from '../../src/errors/index.ts'
import { createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { turns, upTo } from './threads.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
  vi.restoreAllMocks()
})

/** A poster that may block, and the other side of its lanes, which answers before it is asked. */
function open(options: ConnectOptions = {}) {
  const resolved = resolveConnectOptions(options)
  const lanes = { up: createPortLane({ highWaterMark: resolved.credit }), down: createPortLane() }
  const received: UpItem[] = []
  const up = openLaneReader<UpItem>(lanes.up.reader)
  const down = openLaneWriter<DownItem>(lanes.down.writer)
  const state = new SharedState()
  const handle = {
    ports: [],
    up: lanes.up.writer,
    down: lanes.down.reader,
    state: state.buffer,
    options: resolved,
    ownerThreadId: -1,
    dispatcher: 'house',
  }
  const poster = new PosterEnd(handle, {
    revival: new ErrorRevival(DISPATCH_ERROR_CLASSES, {}),
    coalesceBy: undefined,
    worker: undefined,
    clock: systemClock,
    mayBlock: true,
  })
  ends.push(() => {
    for (const { reader, writer } of [lanes.up, lanes.down]) for (const { port } of [reader, writer]) port.close()
  })
  const answer = (...items: DownItem[]): void => {
    for (const item of items) down.write(item)
    down.commit()
  }
  const receive = async (): Promise<UpItem[]> => {
    up.open({ item: (item) => received.push(item), end: () => undefined })
    await turns()
    return received
  }
  return { poster, answer, receive, state, lanes, up, down }
}

describe('a call that blocks', () => {
  it.each([42, undefined])('gives the result and leaves nothing pending: %o', async (result) => {
    const { poster, answer, receive, state } = open()
    answer([1, RESULT, result])
    expect(poster.callSync('double', [21])).toBe(result)
    expect(state.pendingCalls).toBe(0)
    expect(await receive()).toEqual([['double', 1, 21]])
  })

  it.each([new RangeError('out of range'), undefined])('throws what the handler threw: %o', (thrown) => {
    const { poster, answer } = open()
    answer([1, FAILURE, toPlainError(thrown)])
    let caught: unknown = 'nothing'
    try {
      poster.callSync('fail', [])
    } catch (error) {
      caught = error
    }
    expect(caught).toEqual(thrown)
  })

  it('settles other calls whose answers come meanwhile', async () => {
    const { poster, answer, state } = open()
    const other = poster.call('slow', [])
    answer([1, RESULT, 'slow'], [2, RESULT, 'fast'])
    expect(poster.callSync('fast', [])).toBe('fast')
    expect(await other).toBe('slow')
    expect(state.pendingCalls).toBe(0)
  })

  it('gives up when its time is over, and says so over there', async () => {
    const { poster, receive, state } = open()
    expect(() => poster.callSync('never', [], { timeoutMs: 3 })).toThrow(
      expect.objectContaining({ code: 'LOOP_TIMEOUT', timeoutMs: 3, message: expect.stringContaining("'never'") }),
    )
    expect(state.pendingCalls).toBe(0)
    const [call, cancel] = await receive()
    expect([call?.[0], cancel]).toEqual(['never', [CANCEL, 1]])
    // until when it is waited for goes with the call
    expect(call?.[1]).toEqual([1, expect.any(Number)])
  })

  it('gives up without being sent when there is no room until then', async () => {
    const { poster, receive } = open({ credit: 2 })
    for (const i of upTo(2)) poster.emit('take', i)
    expect(() => poster.callSync('never', [], { timeoutMs: 3 })).toThrow('never')
    const received = await receive()
    expect(received.map((item) => item.at(-1))).toEqual([0, 1])
  })

  it('ends when the dispatcher closes, or is gone', () => {
    const closing = open()
    closing.down.close()
    expect(() => closing.poster.callSync('never', [])).toThrow(
      expect.objectContaining({ code: 'LOOP_DISPATCHER_CLOSED', dispatcher: 'house' }),
    )
    expect(() => closing.poster.callSync('never', [])).toThrow(
      expect.objectContaining({ code: 'LOOP_DISPATCHER_CLOSED' }),
    )
  })
})

describe('an event that blocks', () => {
  it('is dropped when the lane ends while it waits for room', async () => {
    const { poster, lanes, state } = open({ credit: 2 })
    expect(upTo(2).map((i) => poster.emit('take', i))).toEqual([true, true])
    const gone = new Promise((resolve) => lanes.up.reader.port.once('close', resolve))
    lanes.up.reader.port.close()
    await gone
    expect(poster.emit('take', 2)).toBe(false)
    expect(poster.isOpen).toBe(false)
    expect(state.counts.newest).toBe(0)
  })

  it('is sent as soon as there is room', async () => {
    const { poster, up } = open({ credit: 4 })
    for (const i of upTo(4)) poster.emit('take', i)
    up.open({ item: () => undefined, end: () => undefined })
    poster.flush()
    // the other side takes what it has got at the very moment in which this one would fall asleep
    const sleeping = vi.spyOn(Atomics, 'wait').mockImplementationOnce(() => {
      up.deliverSync(0)
      return 'ok'
    })
    expect(poster.emit('take', 4)).toBe(true)
    expect(sleeping).toHaveBeenCalledTimes(1)
    expect(poster.depth).toBe(1)
  })
})
