import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Deadline } from '../../src/timeout/index.ts'

it('the signal of a deadline that was disposed of never aborts, also when it is first read afterwards', async () => {
  const clock = new ManualClock()
  const deadline = Deadline.after(10, clock)
  deadline[Symbol.dispose]()
  const { signal } = deadline
  expect(clock.pending).toBe(0)
  await clock.advance(20)
  expect([deadline.isExpired, signal.aborted, deadline.signal]).toEqual([true, false, signal])
})
