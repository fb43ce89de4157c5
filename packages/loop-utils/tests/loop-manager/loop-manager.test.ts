import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { LoopManager, type LoopFailure } from '../../src/loop-manager/index.ts'
import { untilAborted } from './task-bodies.ts'

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

  it('may close their manager', async () => {
    const manager = new LoopManager()
    manager.spawn('suicidal', () => {
      void manager.close()
    })
    expect(await manager.closed).toMatchObject({ finished: ['suicidal'] })
  })
})
