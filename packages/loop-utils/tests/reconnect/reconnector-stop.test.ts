import { describe, expect, it } from 'vitest'
import { exponential } from '../../src/backoff/index.ts'
import { ServiceStateError } from '../../src/errors/index.ts'
import { LinkBench } from './link-bench.ts'

const doubling = exponential({ initialDelayMs: 1000, maxDelayMs: 60_000 })

describe('stop', () => {
  it.each(['idle', 'connecting', 'up', 'waiting', 'paused'] as const)('while %s ends everything', async (state) => {
    const bench = new LinkBench({ backoff: doubling, closeTimeoutMs: 100 })
    if (state !== 'idle') bench.reconnector.start()
    if (state === 'up') bench.lastAttempt.succeed()
    if (state === 'waiting') bench.lastAttempt.fail()
    if (state === 'paused') {
      bench.lastAttempt.fail()
      await bench.reconnector.pause()
    }
    await bench.clock.settle()
    expect(bench.reconnector.state).toBe(state)
    const stopping = Promise.all([bench.reconnector.stop(), bench.reconnector.stop()])
    expect(bench.reconnector.state).toBe('closed')
    await bench.clock.advance(100)
    await stopping
    expect([bench.clock.pending, bench.links.filter((link) => link.isOpen)]).toEqual([0, []])
    const { length } = bench.changes
    await bench.clock.advance(1e6)
    expect([bench.changes.length, bench.attempts.length]).toEqual([length, state === 'idle' ? 0 : 1])
    expect(() => bench.reconnector.start()).toThrow(ServiceStateError)
  })

  it('waits for the link to be gone, but not longer than told', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 700 })
    const link = await bench.up()
    link.isObedient = false
    let isStopped = false
    const stopping = bench.reconnector.stop().then(() => (isStopped = true))
    await bench.clock.advance(699)
    expect(isStopped).toBe(false)
    await bench.clock.advance(1)
    await stopping
    expect([isStopped, link.closeCalls, bench.clock.pending]).toEqual([true, 1, 0])
  })

  it('waits for an attempt that heeds its signal, and closes the link of one that does not', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 50 })
    bench.reconnector.start()
    const stopping = bench.reconnector.stop()
    await bench.clock.advance(50)
    await stopping
    const link = bench.lastAttempt.succeed()
    await bench.clock.settle()
    expect([link.isOpen, bench.reconnector.link]).toEqual([false, undefined])
  })

  it('is what disposing does', async () => {
    const bench = new LinkBench()
    {
      await using reconnector = bench.reconnector
      reconnector.start()
      bench.lastAttempt.succeed()
    }
    expect([bench.reconnector.state, bench.links[0]?.isOpen]).toEqual(['closed', false])
  })
})
