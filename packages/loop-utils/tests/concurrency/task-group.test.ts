import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CancelledError, TaskGroup, TaskGroupClosedError, withTaskGroup } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { rejection, settled } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

/** A task that ends when it is aborted, some turns later, and notes it. */
function obedient(log: string[], name: string): (context: { readonly signal: AbortSignal }) => Promise<void> {
  return ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        queueMicrotask(() => {
          log.push(`${name} ended`)
          reject(signal.reason)
        })
      })
    })
}

describe('TaskGroup', () => {
  it('waits for all tasks, those that are given meanwhile included', async () => {
    const group = new TaskGroup()
    const log: string[] = []
    const first = group.run(async () => {
      await turnMicrotasks(2)
      group.spawn(async () => {
        await turnMicrotasks(20)
        log.push('grandchild')
      })
      log.push('first')
      return 1
    })
    expect(group.size).toBe(1)
    await group.join()
    expect(log).toEqual(['first', 'grandchild'])
    expect(await first).toBe(1)
    expect(group.size).toBe(0)
  })

  it('aborts the others at the first failure, waits for them, and throws it', async () => {
    const group = new TaskGroup()
    const log: string[] = []
    const failure = new Error('broken')
    group.spawn(obedient(log, 'a'))
    group.spawn(obedient(log, 'b'))
    group.spawn(() => Promise.reject(failure))
    expect(await rejection(group.join())).toBe(failure)
    expect(log.toSorted()).toEqual(['a ended', 'b ended'])
    expect(group.signal.aborted).toBe(true)
    expect(group.signal.reason).toBe(failure)
  })

  it('throws an AggregateError of all failures when there are several', async () => {
    const group = new TaskGroup({ name: 'scan' })
    const failures = [new Error('one'), new Error('two')]
    group.spawn(() => {
      throw failures[0]
    })
    const gate = new Deferred()
    // this one fails of itself while it is being aborted
    const second = new TaskGroup()
    second.spawn(() => Promise.reject(failures[0]))
    second.spawn(async () => {
      await gate.promise
      throw failures[1]
    })
    expect(await rejection(group.join())).toBe(failures[0])
    gate.resolve()
    const error = await rejection(second.join())
    expect(error).toBeInstanceOf(AggregateError)
    expect(error).toMatchObject({ errors: failures, cause: failures[0], message: '2 tasks of task group failed' })
  })

  it("takes Node's AbortError for obedience, too", async () => {
    const group = new TaskGroup()
    const failure = new Error('broken')
    group.spawn(({ signal }) => sleep(100_000, undefined, { signal }))
    group.spawn(() => Promise.reject(failure))
    expect(await rejection(group.join())).toBe(failure)
  })

  it('refuses tasks once it has ended, and does not call them after an abort', async () => {
    const group = new TaskGroup({ name: 'scan' })
    let calls = 0
    group.cancel('stop')
    expect(await rejection(group.run(() => calls++))).toBe('stop')
    await group.join()
    expect(() => group.run(() => calls++)).toThrow(TaskGroupClosedError)
    expect(() => group.run(() => calls++)).toThrow('scan has ended')
    expect(calls).toBe(0)
  })

  it('ends without an error when it was cancelled', async () => {
    const group = new TaskGroup()
    const log: string[] = []
    const task = group.run(obedient(log, 'a'))
    group.cancel()
    group.cancel('twice')
    await group.join()
    expect(log).toEqual(['a ended'])
    expect(await rejection(task)).toBeInstanceOf(CancelledError)
  })

  it('is aborted by the outer signal, waits, then throws its reason, and leaves no listener', async () => {
    const controller = new AbortController()
    const group = new TaskGroup({ signal: controller.signal })
    const log: string[] = []
    group.spawn(obedient(log, 'a'))
    controller.abort('outer')
    expect(await rejection(group.join())).toBe('outer')
    expect(log).toEqual(['a ended'])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    const other = new AbortController()
    const quiet = new TaskGroup({ signal: other.signal })
    quiet.spawn(({ signal }) => expect(signal.aborted).toBe(false))
    await quiet.join()
    expect(getEventListeners(other.signal, 'abort')).toEqual([])
  })

  it('bounds its tasks', async () => {
    const group = new TaskGroup({ maxTasks: 1 })
    const gate = new Deferred()
    group.spawn(() => gate.promise)
    expect(() => group.run(() => 1)).toThrow(QueueOverflowError)
    gate.resolve()
    await group.join()
  })

  it('reports failures in the background and lets the others go on', async () => {
    const errors: unknown[] = []
    const group = new TaskGroup({ mode: 'background', onError: (error) => errors.push(error) })
    const gate = new Deferred<string>()
    const failure = new Error('broken')
    const going = group.run(() => gate.promise)
    group.spawn(() => Promise.reject(failure))
    await turnMicrotasks(8)
    expect(errors).toEqual([failure])
    expect(group.signal.aborted).toBe(false)
    gate.resolve('went on')
    expect(await going).toBe('went on')
    await group.join()
    expect(() => new TaskGroup({ mode: 'background' })).toThrow('option onError')
    expect(() => new TaskGroup({ mode: 'loose' as 'background' })).toThrow(OptionError)
    expect(() => new TaskGroup({ maxTasks: 0 })).toThrow(OptionError)
  })

  it('aborts and waits when it is disposed of, and throws what nobody has seen', async () => {
    const log: string[] = []
    {
      await using group = new TaskGroup()
      group.spawn(obedient(log, 'a'))
    }
    expect(log).toEqual(['a ended'])
    const failure = new Error('unseen')
    const group = new TaskGroup()
    group.spawn(() => Promise.reject(failure))
    expect(await rejection(group[Symbol.asyncDispose]())).toBe(failure)
    const seen = new TaskGroup()
    seen.spawn(() => Promise.reject(failure))
    expect(await rejection(seen.join())).toBe(failure)
    expect(await settled(seen[Symbol.asyncDispose]())).toEqual({ status: 'fulfilled', value: undefined })
  })

  it('never lets a failure be unhandled', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', onUnhandled)
    const group = new TaskGroup({ mode: 'background', onError: () => undefined })
    for (let index = 0; index < 10; index++) group.spawn(() => Promise.reject(new Error(`task ${index}`)))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled).toEqual([])
    await group.join()
  })

  it('keeps a bounded number of errors', async () => {
    const group = new TaskGroup()
    const gate = new Deferred()
    for (let index = 0; index < 1500; index++) {
      group.spawn(async () => {
        await gate.promise
        throw new Error(`task ${index}`)
      })
    }
    gate.resolve()
    const error = (await rejection(group.join())) as AggregateError
    expect(error.errors).toHaveLength(1000)
    expect(error.message).toContain('1500 tasks')
  })
})

describe('withTaskGroup', () => {
  it('resolves with the result of the body after all tasks', async () => {
    let isDone = false
    const result = await withTaskGroup((group) => {
      group.spawn(async () => {
        await turnMicrotasks(30)
        isDone = true
      })
      return 'result'
    })
    expect([result, isDone]).toEqual(['result', true])
  })

  it('aborts the tasks when the body fails, and the body when a task fails', async () => {
    const failure = new Error('broken')
    const log: string[] = []
    const body = withTaskGroup((group) => {
      group.spawn(obedient(log, 'task'))
      throw failure
    })
    expect(await rejection(body)).toBe(failure)
    const task = withTaskGroup(async (group, context) => {
      group.spawn(() => Promise.reject(failure))
      await obedient(log, 'body')(context)
    })
    expect(await rejection(task)).toBe(failure)
    expect(log).toEqual(['task ended', 'body ended'])
  })

  it('throws what it was cancelled with', async () => {
    const log: string[] = []
    const run = withTaskGroup(async (group, context) => {
      queueMicrotask(() => group.cancel('enough'))
      await obedient(log, 'body')(context)
    })
    expect(await rejection(run)).toBe('enough')
  })
})
