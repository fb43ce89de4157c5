import { describe, expect, it } from 'vitest'
import { ModuleRefError } from '../../src/channel/module-ref.ts'
import { systemClock } from '../../src/clock/index.ts'
import { ErrorRevival } from '../../src/errors/index.ts'
import { runTask, TASK_ERROR_CLASSES, type TaskEnd, type TaskMessage } from '../../src/executor/run-task.ts'
import { TaskControl } from '../../src/executor/task-control.ts'
import { ThreadCounter, ThreadLatch } from '../../src/shared/index.ts'
import type * as tasks from './tasks.thread.ts'

// What an executor's thread does, here on one thread with its executor's side.

const module = new URL('./tasks.thread.ts', import.meta.url).href

function message(
  name: keyof typeof tasks | 'gone',
  args: readonly unknown[],
  options: { readonly control?: TaskControl } & Partial<Pick<TaskMessage, 'timeoutMs' | 'endsAtMs'>> = {},
): TaskMessage {
  const { control = new TaskControl(), timeoutMs = Infinity, ...rest } = options
  return { ref: { module, export: name }, args, control: control.buffer, timeoutMs, ...rest }
}

function thrownBy(end: TaskEnd): unknown {
  const { outcome } = end
  if (outcome.type !== 'error') throw new Error(`${outcome.type} instead of an error`)
  return new ErrorRevival(TASK_ERROR_CLASSES).revive(outcome.error)
}

describe('runTask', () => {
  it('returns what the function returns, and what is to be moved', async () => {
    expect(await runTask(message('add', [1, 2]))).toEqual({ outcome: { type: 'value', value: 3 }, transfer: [] })
    const { outcome, transfer } = await runTask(message('makeBytes', [4]))
    expect(outcome).toMatchObject({ type: 'value' })
    expect(transfer).toHaveLength(1)
    expect((await runTask(message('moveAndKeep', []))).transfer).toEqual([])
  })

  it('tells how much time is left', async () => {
    expect(await runTask(message('remaining', []))).toMatchObject({ outcome: { value: Infinity } })
    const { outcome } = await runTask(message('remaining', [], { timeoutMs: 1000 }))
    expect(outcome).toMatchObject({ type: 'value' })
    expect((outcome as { value: number }).value).toBeGreaterThan(0)
    expect((outcome as { value: number }).value).toBeLessThanOrEqual(1000)
  })

  it('returns errors as plain data', async () => {
    expect(await runTask(message('fail', ['x']))).toMatchObject({ outcome: { type: 'error' }, transfer: [] })
    expect(thrownBy(await runTask(message('fail', ['x'])))).toMatchObject({ code: 'LOOP_OPTION', option: 'x' })
    expect(thrownBy(await runTask(message('gone', [])))).toMatchObject({ code: 'LOOP_MODULE_REF' })
    expect(thrownBy(await runTask(message('notAFunction', [])))).toMatchObject({ code: 'LOOP_OPTION' })
    expect(thrownBy(await runTask(message('returnFunction', [])))).toMatchObject({ code: 'LOOP_NOT_PLAIN' })
    expect(thrownBy(await runTask(message('moveTwice', [])))).toMatchObject({ option: 'list[0]' })
  })

  it('names what it could not call or give back', async () => {
    expect(thrownBy(await runTask(message('notAFunction', [])))).toMatchObject({
      option: `export notAFunction of ${module}`,
      expected: 'a function',
    })
    expect(thrownBy(await runTask(message('returnFunction', [])))).toMatchObject({
      path: 'result.items[1].callback',
      found: 'a function',
    })
    expect(thrownBy(await runTask(message('gone', [])))).toBeInstanceOf(ModuleRefError)
  })

  it('moves what a function returns, and nothing else that it meant to move', async () => {
    const { outcome, transfer } = await runTask(message('makeBytes', [4]))
    expect(transfer).toEqual([(outcome as { value: Uint8Array }).value.buffer])
    expect(await runTask(message('moveAndKeep', []))).toEqual({ outcome: { type: 'value', value: 8 }, transfer: [] })
  })

  it('has begun from the call of the function on, even when that has thrown', async () => {
    const control = new TaskControl()
    expect(control.hasBegun).toBe(false)
    await runTask(message('fail', ['x'], { control }))
    expect([control.hasBegun, control.withdraw(), control.begin()]).toEqual([true, false, false])
  })

  it('ends the wait for a function that cannot be loaded', async () => {
    const control = new TaskControl()
    const begun = control.whenBegun()
    await runTask(message('gone', [], { control }))
    await begun
    expect(control.hasBegun).toBe(true)
  })

  it.each(['count', 'gone'] as const)('does not call a function that was withdrawn: %s', async (name) => {
    const control = new TaskControl()
    const counter = new ThreadCounter()
    expect(control.withdraw()).toBe(true)
    expect(control.withdraw()).toBe(false)
    expect(await runTask(message(name, [counter.buffer], { control }))).toEqual({
      outcome: { type: 'withdrawn' },
      transfer: [],
    })
    expect([counter.value, control.hasBegun]).toEqual([0, false])
  })

  it('cannot be withdrawn once it has begun, and tells when that is', async () => {
    const control = new TaskControl()
    let hasBegun = false
    const begun = control.whenBegun().then(() => {
      hasBegun = true
    })
    expect(hasBegun).toBe(false)
    await runTask(message('later', [1], { control }))
    await begun
    expect([control.withdraw(), control.hasBegun]).toEqual([false, true])
    await control.whenBegun()
  })

  it.each([
    ['aborted', Infinity, 'AbortError', 'the result is no longer wanted'],
    ['aborted', 50, 'AbortError', 'the result is no longer wanted'],
    ['closed', Infinity, 'AbortError', 'the result is no longer wanted'],
    ['timed-out', Infinity, 'TimeoutError', 'the call timed out'],
    ['timed-out', 50, 'TimeoutError', 'the call timed out after 50 ms'],
  ] as const)(
    'has a reason to give up that says why: %s with a timeout of %d ms',
    async (cause, timeoutMs, name, text) => {
      const control = new TaskControl()
      control.cancel(cause)
      const args = [new ThreadLatch(1).buffer, new ThreadCounter().buffer]
      const end = await runTask(message('awaitAbort', args, { control, timeoutMs }))
      expect(thrownBy(end)).toMatchObject({ name, message: text })
    },
  )

  it.each([
    ['aborted', 'AbortError', 100],
    ['timed-out', 'TimeoutError', 1],
    ['closed', 'AbortError', 100],
  ] as const)('tells a function that is %s by its signal', async (cause, name, heardAs) => {
    const control = new TaskControl()
    const started = new ThreadLatch(1)
    const heard = new ThreadCounter()
    const running = runTask(message('awaitAbort', [started.buffer, heard.buffer], { control, timeoutMs: 50 }))
    await started.wait({ ref: true })
    control.cancel(cause)
    control.cancel('aborted')
    expect(control.cancelCause).toBe(cause)
    expect(thrownBy(await running)).toMatchObject({ name })
    expect(heard.value).toBe(heardAs)
  })

  it('has an aborted signal for a function that was cancelled before it looked', async () => {
    const control = new TaskControl()
    control.cancel('aborted')
    const running = runTask(message('awaitAbort', [new ThreadLatch(1).buffer, new ThreadCounter().buffer], { control }))
    expect(thrownBy(await running)).toMatchObject({ name: 'AbortError' })
    const spinning = await runTask(message('spin', [new ThreadLatch(1).buffer], { control: cancelled() }))
    expect(spinning).toMatchObject({ outcome: { value: 'gave up' } })
  })

  it('does not abort a signal that outlives its call', async () => {
    const control = new TaskControl()
    const box: { signal?: AbortSignal } = {}
    await runTask(message('keepSignal', [box], { control }))
    control.release()
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(box.signal?.aborted).toBe(false)
  })

  it('goes on when it asks whether it is cancelled and is not', async () => {
    expect(await runTask(message('ask', []))).toMatchObject({ outcome: { value: [false, false, true, 'not thrown'] } })
    const asked = await runTask(message('ask', [], { control: cancelled() }))
    expect(asked).toMatchObject({ outcome: { value: [true, true, true, 'AbortError'] } })
  })

  it('has the nearer of its two ends as its deadline, and none without', async () => {
    const now = systemClock.now()
    const deadlineOf = async (options: Parameters<typeof message>[2]): Promise<unknown> => {
      const { outcome } = await runTask(message('bounds', [], options))
      return (outcome as { value: unknown }).value
    }
    expect(await deadlineOf({})).toEqual([Infinity, undefined, true])
    expect(await deadlineOf({ endsAtMs: now - 1 })).toEqual([0, 0, true])
    expect(await deadlineOf({ timeoutMs: 0, endsAtMs: now + 1e6 })).toEqual([0, 0, true])
    const [left, budget] = (await deadlineOf({ timeoutMs: 1e6, endsAtMs: now + 1e9 })) as [number, number]
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(1e6)
    expect(budget).toBeLessThanOrEqual(left)
  })

  it('leaves the engine nothing of a signal that was made and never aborted', async () => {
    const control = new TaskControl()
    await runTask(message('readSignal', [], { control }))
    expect([
      Atomics.notify(new Int32Array(control.buffer), 2),
      Atomics.notify(new Int32Array(control.buffer), 3),
    ]).toEqual([0, 0])
  })
})

function cancelled(): TaskControl {
  const control = new TaskControl()
  control.cancel('aborted')
  return control
}
