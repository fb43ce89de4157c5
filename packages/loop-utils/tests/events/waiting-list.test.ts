import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WaitingList } from '../../src/events/waiting-list.ts'
import { CountedSignal } from '../counted-signal.ts'

describe('WaitingList', () => {
  it('resolves and rejects all that wait', async () => {
    const list = new WaitingList<number>()
    const first = [list.wait(), list.wait()]
    expect(list.size).toBe(2)
    list.resolveAll(7)
    expect(await Promise.all(first)).toEqual([7, 7])
    const second = list.wait()
    list.rejectAll('gone')
    await expect(second).rejects.toBe('gone')
    expect(list.size).toBe(0)
    list.resolveAll(1)
  })

  it('lets one go whose signal aborts, and keeps no listener', async () => {
    const list = new WaitingList<number>()
    const aborted = new CountedSignal()
    const kept = new CountedSignal()
    const leaving = list.wait(aborted.signal)
    const staying = list.wait(kept.signal)
    aborted.controller.abort('enough')
    await expect(leaving).rejects.toBe('enough')
    await expect(list.wait(aborted.signal)).rejects.toBe('enough')
    expect(list.size).toBe(1)
    list.resolveAll(3)
    expect(await staying).toBe(3)
    expect([kept.added, kept.removed]).toEqual([1, 1])
    for (const { signal } of [aborted, kept]) expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
