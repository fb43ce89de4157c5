import { expect, it } from 'vitest'
import { PoolExecutor } from '../../src/executor/index.ts'
import { rejection } from '../settled.ts'

/** A module that never ends to load: whoever imports it keeps its thread for ever. */
const trap = { module: new URL('data:text/javascript,for (;;); export const f = 1'), export: 'f' }
const ref = { module: new URL('./tasks.thread.js', import.meta.url), export: 'whichThread' }

it('a call that is given up before the pool is open takes no thread', async () => {
  await using executor = new PoolExecutor({ maxThreads: 1, graceMs: 0 })
  const controller = new AbortController()
  const aborted = rejection(executor.run(trap, [], { signal: controller.signal }))
  controller.abort('changed my mind')
  expect(await aborted).toBe('changed my mind')
  expect(await executor.run(ref, [])).toBeTypeOf('number')
  expect(executor.stats()).toMatchObject({ running: 0, ended: { aborted: 1, completed: 1 } })
})
