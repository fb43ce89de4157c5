import { expect, it } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { retry } from '../../src/retry/index.ts'
import { rejection } from '../settled.ts'

it.each([true, false])(
  'a retryIfResult that promises %s is refused, and the function not called again',
  async (answer) => {
    let calls = 0
    const run = retry(() => ++calls, { retryIfResult: (async () => answer) as never, clock: new ManualClock() })
    expect(await rejection(run)).toMatchObject({ code: 'LOOP_OPTION', option: 'retryIfResult' })
    expect(calls).toBe(1)
  },
)

it('a retryIfResult may answer by whatever counts as true, as retryIf may', async () => {
  const clock = new ManualClock()
  let calls = 0
  const retryIfResult = ((result: number) => (result < 2 ? 'busy' : '')) as never
  const run = retry(() => ++calls, { retryIfResult, clock, backoff: constant(10) })
  await clock.advance(10)
  expect(await run).toBe(2)
})
