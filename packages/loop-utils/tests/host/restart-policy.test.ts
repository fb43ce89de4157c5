import { expect, test } from 'vitest'
import { constant, sequence } from '../../src/backoff/index.ts'
import { RestartBudget, type RestartOptions, restartPolicy } from '../../src/host/restart-policy.ts'

function delaysOf(options: RestartOptions, crashes: readonly number[]): (number | undefined)[] {
  const budget = new RestartBudget(restartPolicy(options), () => 0)
  return crashes.map((at) => budget.next(at))
}

test('restarts are at once at first, then later and later, and end with the budget of the window', () => {
  expect(delaysOf({}, [0, 1, 2, 3, 4, 5])).toEqual([0, 100, 200, 400, 800, undefined])
})

test('a restart counts for the length of the window, and the delays begin anew after a quiet one', () => {
  const options = { maxRestarts: 2, windowMs: 100 }
  expect(delaysOf(options, [0, 50, 60, 100, 101, 150])).toEqual([0, 100, undefined, 200, undefined, 400])
  expect(delaysOf(options, [0, 50, 1000])).toEqual([0, 100, 0])
})

test('what is no backoff is refused', () => {
  for (const backoff of [1, null, {}]) {
    expect(() => restartPolicy({ backoff: backoff as never })).toThrow(
      expect.objectContaining({ option: 'restart.backoff', expected: 'a Backoff' }),
    )
  }
})

test('the end of the delays is the end of the restarts', () => {
  expect(delaysOf({ backoff: sequence([7]) }, [0, 1])).toEqual([7, undefined])
  expect(delaysOf({ backoff: constant(3), maxRestarts: Infinity }, [0, 1, 2])).toEqual([3, 3, 3])
  expect(delaysOf({ maxRestarts: 0 }, [0])).toEqual([undefined])
})

test('by default there are five restarts a minute, and no delay is longer than ten seconds', () => {
  expect(delaysOf({}, [0, 0, 0, 0, 0, 59_999, 60_000])).toEqual([0, 100, 200, 400, 800, undefined, 0])
  const delays = delaysOf({ maxRestarts: Infinity }, Array<number>(11).fill(0))
  expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
})

test('the bounds of a policy are checked', () => {
  expect(restartPolicy({ maxRestarts: 0, windowMs: 1 })).toMatchObject({ maxRestarts: 0, windowMs: 1 })
  const refused: readonly [option: string, expected: string, RestartOptions][] = [
    ['restart.maxRestarts', 'an integer of at least 0, or Infinity', { maxRestarts: -1 }],
    ['restart.maxRestarts', 'an integer of at least 0, or Infinity', { maxRestarts: 1.5 }],
    ['restart.windowMs', 'milliseconds of at least 1', { windowMs: 0 }],
    ['restart.windowMs', 'milliseconds of at least 1', { windowMs: Infinity }],
  ]
  for (const [option, expected, options] of refused) {
    expect(() => restartPolicy(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option, expected }))
  }
})
