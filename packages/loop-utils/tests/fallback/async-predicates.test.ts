import { expect, it } from 'vitest'
import { fallback, implementationFallback } from '../../src/fallback/index.ts'
import { rejection } from '../settled.ts'

const down = new Error('down')
const fail = (): never => {
  throw down
}

it.each([true, false])('a when of a value that promises %s is refused, with both errors', async (answer) => {
  const policy = fallback('unknown', { when: (async () => answer) as never })
  expect(await rejection(policy.execute(fail))).toMatchObject({
    code: 'LOOP_FALLBACK_FAILED',
    errors: [down, { code: 'LOOP_OPTION', option: 'when' }],
  })
})

it('a when of a value that answers nothing has said no', async () => {
  expect(await rejection(fallback('unknown', { when: (() => undefined) as never }).execute(fail))).toBe(down)
})

it('a when of an implementation that answers by a promise is told of, and the call is made again', () => {
  const errors: unknown[] = []
  const store = implementationFallback(
    { read: (): string => fail() },
    { read: () => 'local' },
    {
      when: (() => Promise.reject(new Error('later'))) as never,
      onError: (error) => void errors.push(error),
    },
  )
  expect(store.read()).toBe('local')
  expect(errors).toEqual([expect.objectContaining({ code: 'LOOP_OPTION', option: 'when' })])
})
