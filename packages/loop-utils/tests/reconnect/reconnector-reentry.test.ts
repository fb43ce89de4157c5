import { describe, expect, it } from 'vitest'
import { custom } from '../../src/backoff/index.ts'
import { settled } from '../settled.ts'
import { LinkBench } from './link-bench.ts'

describe('a reconnector that is called back by', () => {
  it('who is told of its pause has paused once the old link is gone', async () => {
    const bench: LinkBench = new LinkBench({
      onState: ({ state }) => {
        if (state === 'paused') bench.reconnector.resume()
      },
    })
    const link = await bench.up()
    const pausing = settled(bench.reconnector.pause())
    await bench.clock.settle()
    expect(await pausing).toMatchObject({ status: 'fulfilled' })
    expect(link.isOpen).toBe(false)
    expect(bench.reconnector.state).toBe('connecting')
    await bench.end()
  })

  it('its backoff is closed, and does not wait for another attempt', async () => {
    const bench: LinkBench = new LinkBench({
      backoff: custom(() => {
        void bench.reconnector.stop()
        return 1000
      }),
    })
    bench.reconnector.start()
    bench.lastAttempt.fail()
    await bench.clock.settle()
    await bench.reconnector.stop()
    expect(bench.states).toEqual(['connecting', 'closed'])
    expect(bench.clock.pending).toBe(0)
  })

  it('its backoff as that ends is closed by that, and not by a failure', async () => {
    const bench: LinkBench = new LinkBench({
      backoff: custom(() => {
        void bench.reconnector.stop()
        return undefined
      }),
    })
    bench.reconnector.start()
    bench.lastAttempt.fail()
    await bench.clock.settle()
    expect(bench.states).toEqual(['connecting', 'closed'])
    expect(await settled(bench.reconnector.up())).toMatchObject({ reason: { code: 'LOOP_SERVICE_STATE' } })
  })
})

describe('a reconnector that has closed by a failure', () => {
  it('has stopped once an attempt that came too late has ended, and its link is gone', async () => {
    const bench = new LinkBench({ connectTimeoutMs: 100, closeTimeoutMs: 500, retryIf: () => false })
    bench.reconnector.start()
    await bench.clock.advance(100)
    expect(bench.reconnector.state).toBe('closed')
    let isStopped = false
    const stopping = bench.reconnector.stop().then(() => (isStopped = true))
    await bench.clock.advance(400)
    expect(isStopped).toBe(false)
    const link = bench.lastAttempt.succeed()
    await bench.clock.settle()
    await stopping
    expect([link.isOpen, bench.clock.pending]).toEqual([false, 0])
  })
})
