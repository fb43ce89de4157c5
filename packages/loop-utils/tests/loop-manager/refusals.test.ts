import { describe, expect, it } from 'vitest'
import { LoopManager } from '../../src/loop-manager/index.ts'
import { rejection } from '../settled.ts'
import { untilAborted } from './task-bodies.ts'

const radio = new URL('./radio.thread.js', import.meta.url)

function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('did not throw')
}

const task = (): number => 1

describe('a LoopManager refuses', () => {
  it.each([
    ['options', 1, 'an object'],
    ['options.onError', { onError: 1 }, 'a function'],
    ['options.onEvent', { onEvent: 1 }, 'a function'],
    ['options.maxTasks', { maxTasks: 0 }, 'an integer of at least 1'],
    ['options.maxTasks', { maxTasks: 1.5 }, 'an integer of at least 1'],
    ['options.clock', { clock: {} }, 'a Clock, with now() and setTimer()'],
  ])('to be made with bad %s', (path, options, expected) => {
    expect(thrown(() => new LoopManager(options as never))).toMatchObject({
      code: 'LOOP_OPTION',
      option: path.replace('options.', ''),
      expected,
    })
  })

  it.each([
    ['name', '', task, {}, 'a string of at least 1 characters'],
    ['name', 5, task, {}, 'a string of at least 1 characters'],
    ['fn', 'x', 1, {}, 'a function'],
    ['options', 'x', task, null, 'an object'],
    ['critical', 'x', task, { critical: 1 }, 'true or false'],
  ])('a task with a bad %s', async (option, name, fn, options, expected) => {
    await using manager = new LoopManager()
    expect(thrown(() => manager.spawn(name as never, fn as never, options as never))).toMatchObject({
      code: 'LOOP_OPTION',
      option,
      expected,
    })
    expect(manager.names).toEqual([])
  })

  it.each([
    ['name', '', {}, 'a string of at least 1 characters'],
    ['options', 'x', null, 'an object'],
    ['readyTimeoutMs', 'x', { readyTimeoutMs: -1 }, 'milliseconds of at least 0'],
    ['critical', 'x', { critical: 1 }, 'true or false'],
    ['errors', 'x', { errors: 1 }, 'an object'],
    ['classes.RADIO_OFF', 'x', { errors: { RADIO_OFF: 1 } }, 'a subclass of Error'],
    ['transfer', 'x', { transfer: 1 }, 'an array'],
  ])('a thread with a bad %s', async (option, name, options, expected) => {
    await using manager = new LoopManager({ onError: () => undefined })
    expect(await rejection(manager.startThread(name, radio, options as never))).toMatchObject({
      code: 'LOOP_OPTION',
      option,
      expected,
    })
    expect(manager.names).toEqual([])
    // nor does anything of it come later
    expect(await manager.close()).toMatchObject({ finished: [], terminated: [] })
  })

  it('a thread whose factory throws, with what it throws', async () => {
    await using manager = new LoopManager()
    const fault = new Error('no more threads')
    const starting = manager.startThread('x', () => {
      throw fault
    })
    expect(await rejection(starting)).toBe(fault)
    expect(manager.names).toEqual([])
  })

  it('to close by a deadline that is none, and goes on', async () => {
    await using manager = new LoopManager()
    const refused = { code: 'LOOP_OPTION', option: 'deadlineMs', expected: 'milliseconds of at least 0' }
    expect(await rejection(manager.close({ deadlineMs: -1 }))).toMatchObject(refused)
    expect(await rejection(manager.close({ deadlineMs: Infinity }))).toMatchObject(refused)
    expect(await rejection(manager.close(null as never))).toMatchObject({ option: 'options', expected: 'an object' })
    expect(manager.isClosed).toBe(false)
  })

  it('a name that is taken, by a task or a thread, until its owner has ended', async () => {
    await using manager = new LoopManager()
    manager.spawn('one', ({ signal }) => untilAborted(signal))
    const refused = { code: 'LOOP_OPTION', option: 'name', value: "'one'" }
    const expected = 'a name that no running task or thread has'
    expect(thrown(() => manager.spawn('one', () => 1))).toMatchObject({ ...refused, expected })
    expect(await rejection(manager.startThread('one', radio))).toMatchObject({ ...refused, expected })
    expect(manager.names).toEqual(['one'])
  })

  it('more than it may have at once', async () => {
    await using manager = new LoopManager({ maxTasks: 2 })
    for (const name of ['one', 'two']) manager.spawn(name, ({ signal }) => untilAborted(signal))
    const refused = { code: 'LOOP_QUEUE_OVERFLOW', queue: 'loop manager', capacity: 2 }
    expect(thrown(() => manager.spawn('three', () => 1))).toMatchObject(refused)
    expect(await rejection(manager.startThread('three', radio))).toMatchObject(refused)
    expect(manager.names).toEqual(['one', 'two'])
  })

  it('whatever is asked of it once it closes', async () => {
    const manager = new LoopManager()
    const closing = manager.close()
    for (const again of [false, true]) {
      const refused = { code: 'LOOP_MANAGER_CLOSED', name: 'LoopManagerClosedError' }
      expect(thrown(() => manager.spawn('x', () => 1))).toMatchObject(refused)
      expect(thrown(() => manager.monitor())).toMatchObject(refused)
      expect(await rejection(manager.startThread('x', radio))).toMatchObject(refused)
      if (!again) await closing
    }
    expect(manager.stats()).toMatchObject({ tasks: 0, threads: 0, exited: 0 })
  })
})
