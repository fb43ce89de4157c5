import { expect, it } from 'vitest'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { recommended } from '../../src/recommended/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { rejection } from '../settled.ts'

it.each([
  ['of nothing', compose()],
  ['of one', compose(retryPolicy())],
  ['of two', compose(timeoutPolicy(1000), retryPolicy())],
])('a composition %s rejects when it is to execute what is no function', async (_, policy) => {
  expect(await rejection(policy.execute(7 as never))).toMatchObject({ code: 'LOOP_OPTION', option: 'fn' })
})

it('what is no function is no failure of a peer', async () => {
  using pipeline = recommended('bridge')
  expect(await rejection(pipeline.execute(undefined as never))).toMatchObject({ code: 'LOOP_OPTION', option: 'fn' })
  expect(pipeline.stats()).toMatchObject({ breaker: { failures: 0 }, budget: { deposits: 0 } })
})
