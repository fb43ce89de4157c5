import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { attachPoster, Dispatcher } from '../../src/dispatch/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'

it('a call on the own loop has one, too, and so has one of a poster on the same loop', async () => {
  const clock = new ManualClock()
  const dispatcher = new Dispatcher({ clock })
  dispatcher.register({ left: () => dispatcher.callDeadline?.remaining() })
  const left = (): number | undefined => dispatcher.callDeadline?.remaining()
  expect(await dispatcher.call(left)).toBeUndefined()
  expect(await dispatcher.call(left, { deadline: Deadline.after(60_000, clock) })).toBeGreaterThan(0)
  const hanging = rejection(dispatcher.call(() => new Promise(() => {}), { deadline: Deadline.after(50, clock) }))
  await new Promise<void>((resolve) => setImmediate(resolve))
  await clock.advance(50)
  expect(await hanging).toMatchObject({ kind: 'deadline', timeoutMs: 50 })
  const poster = attachPoster<{ left(): number | undefined }>(dispatcher.connect())
  expect(await poster.call('left', [], { deadline: Deadline.after(60_000) })).toBeLessThan(60_000)
  expect(dispatcher.callDeadline).toBeUndefined()
  await poster.close()
  // what hangs is not drained
  await dispatcher.close({ mode: 'discard' })
})

it('the call of a poster ends with its deadline, by its clock, and is given up over there', async () => {
  const clock = new ManualClock()
  const dispatcher = new Dispatcher()
  const signals: (AbortSignal | undefined)[] = []
  dispatcher.register({
    hang: () => {
      signals.push(dispatcher.callSignal)
      return new Promise(() => {})
    },
  })
  const poster = attachPoster<{ hang(): Promise<never> }>(dispatcher.connect())
  const call = rejection(poster.call('hang', [], { deadline: Deadline.after(100, clock), timeoutMs: 200 }))
  while (signals.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  await clock.advance(100)
  expect(await call).toMatchObject({ kind: 'deadline', timeoutMs: 100, message: expect.stringContaining("'hang'") })
  while (signals[0]?.aborted !== true) await new Promise<void>((resolve) => setImmediate(resolve))
  expect(signals[0].reason).toMatchObject({ name: 'AbortError', message: 'the caller gave up' })
  await dispatcher.close({ mode: 'discard' })
})
