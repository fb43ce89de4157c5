import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { LoopManager, LoopManagerClosedError, type LoopFailure, monitorLoop } from '../../src/loop-manager/index.ts'

/** Waits until the signal is aborted, then throws its reason. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('tasks of a LoopManager', () => {
  it('run under their names and give their results', async () => {
    await using manager = new LoopManager()
    const begun: string[] = []
    const task = manager.spawn('first', async ({ name, signal }) => {
      begun.push(name)
      await turns()
      return signal.aborted
    })
    expect([begun, manager.names, task.state, task.name]).toEqual([[], ['first'], 'running', 'first'])
    expect(await task.result).toBe(false)
    await turns()
    expect([begun, manager.names, task.state]).toEqual([['first'], [], 'finished'])
    expect(await manager.spawn('first', () => 5).result).toBe(5)
  })

  it('that fail are told of, once, and stop nobody else', async () => {
    const told: [unknown, LoopFailure][] = []
    const manager = new LoopManager({ onError: (error, failure) => void told.push([error, failure]) })
    const fault = new Error('sensor')
    const other = manager.spawn('other', ({ signal }) => untilAborted(signal))
    const bad = manager.spawn('bad', () => {
      throw fault
    })
    await expect(bad.result).rejects.toBe(fault)
    await turns()
    expect(told).toEqual([[fault, { kind: 'task', name: 'bad', isCritical: false }]])
    expect([bad.state, other.state, manager.isClosed]).toEqual(['failed', 'running', false])
    expect(await manager.close()).toMatchObject({ cancelled: ['other'], cause: undefined })
  })

  it('can be cancelled alone, before they begin, too', async () => {
    const told: unknown[] = []
    await using manager = new LoopManager({ onError: (error) => void told.push(error) })
    let isCalled = false
    const reason = new Error('not needed')
    const early = manager.spawn('early', () => {
      isCalled = true
    })
    const late = manager.spawn('late', ({ signal }) => untilAborted(signal))
    early.cancel(reason)
    await expect(early.result).rejects.toBe(reason)
    late.cancel()
    await expect(late.result).rejects.toMatchObject({ name: 'AbortError' })
    await turns()
    expect([isCalled, early.state, late.state, told]).toEqual([false, 'cancelled', 'cancelled', []])
  })

  it('are cancelled when a function of Node tells of the abort in its own way', async () => {
    const told: unknown[] = []
    await using manager = new LoopManager({ onError: (error) => void told.push(error) })
    const task = manager.spawn('sleeper', ({ signal }) => delay(60_000, undefined, { signal }))
    await turns()
    task.cancel(new Error('not needed'))
    await expect(task.result).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'not needed' } })
    await turns()
    expect([task.state, told]).toEqual(['cancelled', []])
  })

  it('that are critical close everything when they fail', async () => {
    const told: unknown[] = []
    const manager = new LoopManager({ onError: (error) => void told.push(error) })
    const fault = new Error('radio gone')
    const other = manager.spawn('other', ({ signal }) => untilAborted(signal))
    manager.spawn('link', () => Promise.reject(fault), { critical: true })
    const report = await manager.closed
    expect(report).toEqual({
      finished: [],
      cancelled: ['other'],
      failed: [],
      abandoned: [],
      terminated: [],
      cause: fault,
    })
    await expect(other.result).rejects.toMatchObject({ code: 'LOOP_MANAGER_CLOSED', cause: fault })
    expect(told).toEqual([fault])
    expect(await manager.close()).toBe(report)
  })

  it('are reported by what became of them', async () => {
    const clock = new ManualClock()
    const told: unknown[] = []
    const manager = new LoopManager({ clock, onError: (error) => void told.push(error) })
    const fault = new Error('while closing')
    manager.spawn('heeds', ({ signal }) => untilAborted(signal))
    manager.spawn('ends well', ({ signal }) => untilAborted(signal).catch(() => 'done'))
    manager.spawn('fails', ({ signal }) =>
      untilAborted(signal).catch(() => {
        throw fault
      }),
    )
    let fail: (error: Error) => void = () => undefined
    const deaf = manager.spawn(
      'deaf',
      () =>
        new Promise<never>((_, reject) => {
          fail = reject
        }),
    )
    await turns()
    const closing = manager.close({ deadlineMs: 100 })
    await clock.advance(99)
    expect([deaf.state, told]).toEqual(['running', [fault]])
    await clock.advance(1)
    expect(await closing).toEqual({
      finished: ['ends well'],
      cancelled: ['heeds'],
      failed: ['fails'],
      abandoned: ['deaf'],
      terminated: [],
      cause: undefined,
    })
    // what an abandoned task throws is dropped, and nothing is unhandled
    fail(new Error('late'))
    await turns()
    expect([deaf.state, told.length, clock.pending]).toEqual(['abandoned', 1, 0])
  })

  it('leave no timer when they end before the deadline', async () => {
    const clock = new ManualClock()
    const manager = new LoopManager({ clock })
    manager.spawn('quick', ({ signal }) => untilAborted(signal))
    await manager.close()
    expect(clock.pending).toBe(0)
  })

  it('become a warning of the process when nobody is told of their failure', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const manager = new LoopManager()
    manager.spawn('lonely', () => Promise.reject(new Error('unheard')))
    expect((await warned).message).toContain("task 'lonely' threw Error: unheard")
    await manager.close()
  })

  it('are not disturbed by an onError that throws', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const manager = new LoopManager({
      onError: () => {
        throw new Error('in onError')
      },
    })
    manager.spawn('bad', () => Promise.reject(new Error('bad')))
    expect((await warned).message).toContain('onError threw Error: in onError')
    await manager.close()
  })

  it('are refused under a taken name, beyond the bound, and after the close', async () => {
    const manager = new LoopManager({ maxTasks: 1 })
    manager.spawn('one', ({ signal }) => untilAborted(signal))
    expect(() => manager.spawn('one', () => 1)).toThrow(OptionError)
    expect(() => manager.spawn('two', () => 1)).toThrow(QueueOverflowError)
    const closing = manager.close()
    expect(() => manager.spawn('three', () => 1)).toThrow(LoopManagerClosedError)
    expect(() => manager.monitor()).toThrow(LoopManagerClosedError)
    await closing
    expect(manager.isClosed).toBe(true)
  })

  it('cannot be made of options that make no sense', async () => {
    expect(() => new LoopManager({ maxTasks: 0 })).toThrow(OptionError)
    expect(() => new LoopManager({ onError: 1 as unknown as () => void })).toThrow(OptionError)
    await using manager = new LoopManager({ clock: systemClock })
    const refused = (option: string): unknown => expect.objectContaining({ code: 'LOOP_OPTION', option })
    expect(() => manager.spawn('', () => 1)).toThrow(refused('name'))
    expect(() => manager.spawn('x', 1 as unknown as () => void)).toThrow(refused('fn'))
    expect(() => manager.spawn('x', () => 1, { critical: 1 as never })).toThrow(refused('critical'))
    await expect(manager.startThread('x', 'x', { critical: 1 as never })).rejects.toEqual(refused('critical'))
    await expect(manager.startThread('x', 'x', { readyTimeoutMs: -1 })).rejects.toEqual(refused('readyTimeoutMs'))
    await expect(manager.close({ deadlineMs: -1 })).rejects.toEqual(refused('deadlineMs'))
    expect(manager.isClosed).toBe(false)
  })

  it('may close their manager', async () => {
    const manager = new LoopManager()
    manager.spawn('suicidal', () => {
      void manager.close()
    })
    expect(await manager.closed).toMatchObject({ finished: ['suicidal'] })
  })
})

describe('the monitor of a loop', () => {
  const monitors: Disposable[] = []
  afterEach(() => {
    for (const monitor of monitors.splice(0)) monitor[Symbol.dispose]()
  })

  function burn(ms: number): void {
    const end = performance.now() + ms
    while (performance.now() < end);
  }

  it('tells how busy and how late the loop was', async () => {
    await using manager = new LoopManager()
    const monitor = manager.monitor({ resolutionMs: 1 })
    monitors.push(monitor)
    expect(monitor.read()).toMatchObject({ samples: 0, delayMs: { min: 0, max: 0, p99: 0 } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    burn(60)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { activeMs, delayMs, idleMs, samples, utilization } = monitor.read()
    expect(samples).toBeGreaterThan(0)
    expect(delayMs.max).toBeGreaterThan(40)
    expect(delayMs.p50).toBeLessThanOrEqual(delayMs.p90)
    expect(delayMs.p90).toBeLessThanOrEqual(delayMs.p99)
    expect(delayMs.min).toBeLessThanOrEqual(delayMs.mean)
    expect(activeMs).toBeGreaterThan(50)
    expect(idleMs).toBeGreaterThan(0)
    expect(utilization).toBeGreaterThan(0)
    expect(utilization).toBeLessThan(1)
    monitor.reset()
    expect(monitor.read().activeMs).toBeLessThan(activeMs)
  })

  it('measures nothing once it is disposed, or its manager is closed', async () => {
    const manager = new LoopManager()
    const [first, second] = [manager.monitor({ resolutionMs: 1 }), manager.monitor({ resolutionMs: 1 })]
    await new Promise((resolve) => setTimeout(resolve, 10))
    first[Symbol.dispose]()
    await manager.close()
    const before = [first.read().samples, second.read().samples]
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([first.read().samples, second.read().samples]).toEqual(before)
  })

  it('refuses a resolution it cannot have', () => {
    expect(() => monitorLoop({ resolutionMs: 0 })).toThrow(OptionError)
    expect(() => monitorLoop({ resolutionMs: 1.5 })).toThrow(OptionError)
  })
})
