import { ManualClock } from '@x/loop-utils/clock'
import { describe, expect, it } from 'vitest'
import { AcknowledgementGate } from '../../src/engine/acknowledgement-gate.ts'

function harness({
  maxInTransit = 10,
  overflowAfterMs = null,
}: {
  maxInTransit?: number
  overflowAfterMs?: number | null
}) {
  const clock = new ManualClock()
  const gate = new AcknowledgementGate({ maxInTransit, overflowAfterMs }, clock)
  const log: string[] = []
  const wait = (interfaceId: string, name: string, signal: AbortSignal = new AbortController().signal): void =>
    gate.wait(interfaceId, signal, {
      go: () => log.push(name),
      gone: (reason) => log.push(`${name} gone: ${(reason as Error).message}`),
    })
  return { clock, gate, log, wait }
}

describe('the gate of acknowledgements', () => {
  it('is open until an interface is held, and holds back only that one', () => {
    const { gate, log, wait } = harness({})
    expect(gate.isOpen).toBe(true)
    gate.hold('a', true)
    expect(gate.isOpen).toBe(false)
    expect([gate.mayPass('a'), gate.mayPass('b')]).toEqual([false, true])
    wait('a', 'one')
    wait('a', 'two')
    gate.hold('b', false)
    expect(log).toEqual([])
    gate.hold('a', false)
    expect(log).toEqual(['one', 'two'])
    expect(gate).toMatchObject({ isOpen: true, delayed: 2 })
  })

  it('holds all back while all are held, or too much is on its way', () => {
    const { gate, log, wait } = harness({ maxInTransit: 10 })
    gate.hold(null, true)
    expect(gate.mayPass('a')).toBe(false)
    wait('a', 'one')
    gate.hold(null, false)
    gate.sent(11)
    expect(gate.mayPass('b')).toBe(false)
    wait('b', 'two')
    gate.taken(0)
    expect(log).toEqual(['one'])
    gate.taken(1)
    expect(log).toEqual(['one', 'two'])
  })

  it('lets nobody overtake who waits for the same interface', () => {
    const { gate, log, wait } = harness({ maxInTransit: 1 })
    gate.hold('a', true)
    wait('a', 'one')
    gate.sent(2)
    gate.hold('a', false)
    expect([gate.mayPass('a'), log]).toEqual([false, []])
    gate.taken(2)
    expect([gate.mayPass('a'), log]).toEqual([true, ['one']])
  })

  it('stops again when those whom it lets through bring too much', () => {
    const { gate, log } = harness({ maxInTransit: 1 })
    gate.hold('a', true)
    for (const name of ['one', 'two', 'three']) {
      const go = (): void => {
        log.push(name)
        gate.sent(1)
      }
      gate.wait('a', new AbortController().signal, { go, gone: () => undefined })
    }
    gate.hold('a', false)
    expect(log).toEqual(['one', 'two'])
    gate.taken(2)
    expect(log).toEqual(['one', 'two', 'three'])
  })

  it('forgets who has gone away', () => {
    const { gate, log, wait } = harness({})
    const controller = new AbortController()
    gate.hold('a', true)
    wait('a', 'one', controller.signal)
    wait('a', 'two')
    controller.abort(new Error('hung up'))
    wait('a', 'three', controller.signal)
    gate.hold('a', false)
    expect(log).toEqual(['one gone: hung up', 'three gone: hung up', 'two'])
  })

  it('lets everybody through after a time, when it is told to, in order', async () => {
    const { clock, gate, log, wait } = harness({ overflowAfterMs: 1000 })
    gate.hold('a', true)
    wait('a', 'one')
    await clock.advance(600)
    wait('a', 'two')
    await clock.advance(399)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['one'])
    gate.hold('a', false)
    await clock.advance(10_000)
    expect(log).toEqual(['one', 'two'])
    expect(gate.isOpen).toBe(true)
  })
})
