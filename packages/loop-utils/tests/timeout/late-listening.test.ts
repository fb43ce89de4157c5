import { expect, it } from 'vitest'
import { timeout } from '../../src/timeout/index.ts'
import { Deferred } from '../concurrency/interleavings.ts'
import { drained } from '../drained.ts'
import { settled } from '../settled.ts'

it.each(['aggressive', 'cooperative'] as const)(
  'a function that looks at its signal some turns after it began is told of the abort: %s',
  async (mode) => {
    const controller = new AbortController()
    const heard = new Deferred<unknown>()
    const call = timeout(
      async (context) => {
        await drained()
        context.signal.addEventListener('abort', () => heard.resolve(context.signal.reason))
        return heard.promise
      },
      1000,
      { mode, signal: controller.signal },
    )
    await drained()
    await drained()
    controller.abort('enough')
    expect(await settled(call)).toEqual({ status: 'rejected', reason: 'enough' })
    expect(await Promise.race([heard.promise, drained().then(() => 'nothing')])).toBe('enough')
  },
)
