import { describe, expect, it } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { retry, retryPolicy, type LateAttempt } from '../../src/retry/index.ts'
import { settled } from '../settled.ts'
import { warning } from '../warning.ts'

const TIMES = { attemptTimeoutMs: 50, backoff: constant(10) }

describe('onLate of a retry', () => {
  it('is told what attempts gave that had timed out, and which they were', async () => {
    const clock = new ManualClock()
    const late: LateAttempt[] = []
    const result = retry(
      async ({ attempt }) => {
        await clock.sleep(attempt < 3 ? 100 * attempt : 1)
        if (attempt === 2) throw new Error('too late, too')
        return `connection ${attempt}`
      },
      { ...TIMES, clock, onLate: (one) => late.push(one) },
    )
    await clock.advance(1000)
    expect(await result).toBe('connection 3')
    expect(late).toMatchObject([
      { status: 'fulfilled', value: 'connection 1', attempt: 1 },
      { status: 'rejected', reason: { message: 'too late, too' }, attempt: 2 },
    ])
  })

  it('is told what an aborted attempt gave, unless that is the abort', async () => {
    const clock = new ManualClock()
    const late: LateAttempt[] = []
    const policy = retryPolicy({ clock, onLate: (one) => late.push(one) })
    const controller = new AbortController()
    const { signal } = controller
    const deaf = settled(policy.execute(() => clock.sleep(10).then(() => 'a connection'), { signal }))
    const obedient = settled(policy.execute((context) => clock.sleep(10, context.signal), { signal }))
    controller.abort('enough')
    expect([await deaf, await obedient]).toMatchObject([{ reason: 'enough' }, { reason: 'enough' }])
    await clock.advance(10)
    expect(late).toEqual([{ status: 'fulfilled', value: 'a connection', attempt: 1 }])
  })

  it('is told of what a policy around the retry gave up', async () => {
    const clock = new ManualClock()
    const late: LateAttempt[] = []
    const policy = compose(timeoutPolicy(5, { clock }), retryPolicy({ clock, onLate: (one) => late.push(one) }))
    const call = settled(policy.execute(() => clock.sleep(10).then(() => 'a connection')))
    await clock.advance(10)
    expect(await call).toMatchObject({ reason: { code: 'LOOP_TIMEOUT' } })
    expect(late).toEqual([{ status: 'fulfilled', value: 'a connection', attempt: 1 }])
  })

  it('is not told of attempts that were waited for', async () => {
    const clock = new ManualClock()
    const onLate = (): never => expect.unreachable()
    expect(await retry(() => 'at once', { ...TIMES, clock, onLate })).toBe('at once')
    let thens = 0
    const lazy: PromiseLike<string> = {
      // oxlint-disable-next-line unicorn/no-thenable -- what is not a promise is the point
      then: (resolve) => {
        thens++
        return Promise.resolve('lazy').then(resolve)
      },
    }
    expect(await retry(() => lazy, { ...TIMES, clock, onLate })).toBe('lazy')
    expect(thens).toBe(1)
    const failing = settled(retry(() => Promise.reject(new Error('down')), { ...TIMES, maxAttempts: 2, clock, onLate }))
    await clock.advance(1000)
    expect(await failing).toMatchObject({ reason: { attempts: 2 } })
  })

  it('disturbs nobody by what it throws, and has to be a function', async () => {
    const clock = new ManualClock()
    const warned = warning('in onLate')
    const result = settled(
      retry(() => clock.sleep(100), {
        ...TIMES,
        maxAttempts: 1,
        clock,
        onLate: () => {
          throw new Error('in onLate')
        },
      }),
    )
    await clock.advance(100)
    expect(await result).toMatchObject({ reason: { code: 'LOOP_RETRY_EXHAUSTED' } })
    expect(await warned).toMatchObject({ message: 'onLate threw Error: in onLate', code: 'LOOP_STRAY_ERROR' })
    expect(() => retryPolicy({ onLate: 1 as never })).toThrow('option onLate')
  })
})
