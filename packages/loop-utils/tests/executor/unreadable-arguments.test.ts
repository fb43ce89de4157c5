import { expect, it } from 'vitest'
import { PoolExecutor } from '../../src/executor/index.ts'
import { rejection } from '../settled.ts'

const ref = { module: new URL('./tasks.thread.js', import.meta.url), export: 'whichThread' }

it('arguments that throw as they are read are refused, which is no crash of a thread', async () => {
  await using executor = new PoolExecutor({ maxThreads: 1 })
  const thread = await executor.run(ref, [])
  for (const [thrown, found] of [
    [new RangeError('not readable'), 'not clonable (RangeError: not readable)'],
    [Object.create(null), 'not clonable (an object)'],
  ] as const) {
    const hostile = {
      get bad(): never {
        throw thrown
      },
    }
    const refusal = await rejection(executor.run(ref, [hostile]))
    expect(refusal).toMatchObject({ code: 'LOOP_NOT_PLAIN', path: 'args', found })
  }
  expect(executor.stats().ended).toMatchObject({ completed: 1, failed: 2, crashed: 0 })
  expect(await executor.run(ref, [])).toBe(thread)
})
