import { afterEach, describe, expect, it } from 'vitest'
import { LoopManager, type LoopMonitor, monitorLoop } from '../../src/loop-manager/index.ts'

describe('the monitor of a loop', () => {
  const monitors: Disposable[] = []
  afterEach(() => {
    for (const monitor of monitors.splice(0)) monitor[Symbol.dispose]()
  })

  const NO_DELAY = { min: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }

  function burn(ms: number): void {
    const end = performance.now() + ms
    while (performance.now() < end);
  }

  async function sampled(monitor: LoopMonitor): Promise<void> {
    while (monitor.read().samples === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  it('tells how busy and how late the loop was', async () => {
    await using manager = new LoopManager()
    const monitor = manager.monitor({ resolutionMs: 1 })
    monitors.push(monitor)
    expect(monitor.read()).toMatchObject({ samples: 0, delayMs: NO_DELAY })
    await sampled(monitor)
    burn(60)
    const { samples } = monitor.read()
    while (monitor.read().samples === samples) await new Promise((resolve) => setTimeout(resolve, 1))
    // on a busy machine each timer is due by the time that the loop could have waited for it
    while (monitor.read().idleMs === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const { activeMs, delayMs, idleMs, utilization } = monitor.read()
    expect(delayMs.max).toBeGreaterThan(40)
    expect(delayMs.p50).toBeLessThanOrEqual(delayMs.p90)
    expect(delayMs.p90).toBeLessThanOrEqual(delayMs.p99)
    expect(delayMs.min).toBeLessThanOrEqual(delayMs.mean)
    expect(activeMs).toBeGreaterThan(50)
    expect(idleMs).toBeGreaterThan(0)
    expect(utilization).toBeCloseTo(activeMs / (activeMs + idleMs))
    monitor.reset()
    const { activeMs: since, ...anew } = monitor.read()
    expect(since).toBeLessThan(activeMs)
    expect(anew).toMatchObject({ samples: 0, delayMs: NO_DELAY })
  })

  it('counts as delay what goes beyond the time between two samples', async () => {
    const begun = performance.now()
    const monitor = monitorLoop({ resolutionMs: 100 })
    monitors.push(monitor)
    await sampled(monitor)
    const { max, min } = monitor.read().delayMs
    // that time lies within this one; what is recorded is rounded by up to a hundredth
    const elapsedMs = performance.now() - begun
    expect(max).toBeLessThanOrEqual(elapsedMs * 1.01 - 100)
    expect(min).toBeLessThanOrEqual(max)
    expect(min).toBeGreaterThanOrEqual(0)
  })

  it('measures nothing once it is disposed, or its manager is closed', async () => {
    const manager = new LoopManager()
    const [first, second] = [manager.monitor({ resolutionMs: 1 }), manager.monitor({ resolutionMs: 1 })]
    await sampled(first)
    first[Symbol.dispose]()
    await manager.close()
    const before = [first.read().samples, second.read().samples]
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([first.read().samples, second.read().samples]).toEqual(before)
  })

  it('is not stopped with another one of its manager', async () => {
    await using manager = new LoopManager()
    const [first, second] = [manager.monitor({ resolutionMs: 1 }), manager.monitor({ resolutionMs: 1 })]
    first[Symbol.dispose]()
    await sampled(second)
    expect(first.read()).toMatchObject({ samples: 0, delayMs: NO_DELAY })
  })

  it.each([0, 1.5, 1001])('refuses a resolution it cannot have: %s', (resolutionMs) => {
    expect(() => monitorLoop({ resolutionMs })).toThrow(
      expect.objectContaining({ option: 'resolutionMs', expected: 'an integer from 1 to 1000' }),
    )
  })

  it('refuses options that are none', () => {
    expect(() => monitorLoop(1 as never)).toThrow(expect.objectContaining({ option: 'options', expected: 'an object' }))
  })
})
