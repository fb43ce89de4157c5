import { describe, expect, it } from 'vitest'
import { Dispatcher } from '../../src/dispatch/index.ts'
import { LoopManager, type StartThreadOptions } from '../../src/loop-manager/index.ts'
import { rejection } from '../settled.ts'

const entry = new URL('./radio.thread.js', import.meta.url)

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(1)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

describe('a thread that cannot be started as it is asked for', () => {
  it.each<[string, () => StartThreadOptions, string]>([
    ['moves what cannot be moved', () => ({ transfer: [detached()] }), 'LOOP_OPTION'],
    ['moves no list', () => ({ transfer: new ArrayBuffer(1) as never }), 'LOOP_OPTION'],
    [
      'calls back to a dispatcher that is closed',
      () => {
        const dispatcher = new Dispatcher()
        void dispatcher.close({ mode: 'discard' })
        return { dispatcher }
      },
      'LOOP_DISPATCHER_CLOSED',
    ],
  ])('is gone when it %s', async (_, options, code) => {
    await using manager = new LoopManager()
    expect(await rejection(manager.startThread('radio', entry, options()))).toMatchObject({ code })
    expect(manager.names).toEqual([])
    expect(manager.stats()).toMatchObject({ threads: 0 })
    // the name is free again
    const radio = await manager.startThread('radio', entry, { data: {} })
    expect(radio.isRunning).toBe(true)
  })
})
