import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { timeoutPolicy } from '../../src/policy/index.ts'
import { retry } from '../../src/retry/index.ts'
import { Deadline, timeout } from '../../src/timeout/index.ts'
import { never, settled } from '../settled.ts'

type Seen = [name: string, data: Readonly<Record<string, unknown>>][]

describe('observers of a time limit', () => {
  it('learn that it ended the wait, and what came too late', async () => {
    const clock = new ManualClock()
    const seen: Seen = []
    const options = { clock, what: 'reading', onEvent: (...event: Seen[number]) => void seen.push(event) }
    const error = new Error('late')
    const runs = Promise.allSettled([
      timeout(() => clock.sleep(20).then(() => 'value'), 10, options),
      timeout(() => clock.sleep(30).then(() => Promise.reject(error)), 10, options),
      timeout(({ signal }) => clock.sleep(1000, signal), 10, options),
      timeout(async () => 'in time', 10, options),
    ])
    await clock.advance(100)
    await runs
    const expired = ['x:loop-utils:timeout:expire', { what: 'reading', timeoutMs: 10, kind: 'total' }]
    expect(seen).toEqual([
      expired,
      expired,
      expired,
      ['x:loop-utils:timeout:late', { what: 'reading', status: 'fulfilled' }],
      ['x:loop-utils:timeout:late', { what: 'reading', status: 'rejected', error }],
    ])
  })

  it('learn of deadlines, grace, default values and attempts alike, once each', async () => {
    const clock = new ManualClock()
    const seen: unknown[] = []
    const onEvent = (name: string, { kind, timeoutMs }: Readonly<Record<string, unknown>>): void =>
      void seen.push([name.split(':').at(-1), kind, timeoutMs])
    const runs = Promise.allSettled([
      timeout(never, 50, { clock, onEvent, deadline: Deadline.after(10, clock) }),
      timeout(never, 20, { clock, onEvent, mode: 'cooperative', graceMs: 5 }),
      timeoutPolicy(30, { clock, onEvent, kind: 'call' }).execute(never),
      timeout(never, 40, { clock, onEvent, default: 0 }),
      retry(never, { clock, onEvent, attemptTimeoutMs: 60, maxAttempts: 1 }),
      timeout(never, 10, { clock, onEvent, deadline: Deadline.after(0, clock) }),
    ])
    await clock.advance(100)
    await runs
    expect(seen).toEqual([
      ['expire', 'deadline', 0],
      ['expire', 'deadline', 10],
      ['expire', 'total', 20],
      ['expire', 'call', 30],
      ['expire', 'total', 40],
      ['expire', 'attempt', 60],
      ['give-up', undefined, undefined],
    ])
  })

  it('are not told of an abort', async () => {
    const clock = new ManualClock()
    const seen: string[] = []
    const controller = new AbortController()
    const run = settled(timeout(never, 50, { clock, signal: controller.signal, onEvent: (name) => seen.push(name) }))
    controller.abort()
    await run
    expect(seen).toEqual([])
  })

  it('are functions', () => {
    expect(() => timeout(never, 1, { onEvent: 'x' as never })).toThrow(OptionError)
  })
})
