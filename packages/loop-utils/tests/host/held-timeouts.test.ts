import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock/index.ts'
import { TimeoutError } from '../../src/errors/index.ts'
import { HeldCalls } from '../../src/host/held-calls.ts'
import { rejection } from '../settled.ts'

/** A clock whose timers go off when the test says so, as a loop runs those of the same moment in any order. */
function loosened() {
  const timers: (() => void)[] = []
  const clock: Clock = {
    now: () => time.ms,
    wall: () => time.ms,
    sleep: () => Promise.resolve(),
    setTimer: (callback) => {
      timers.push(callback)
      return { ref: () => undefined, unref: () => undefined, [Symbol.dispose]: () => undefined }
    },
  }
  const time = { ms: 1000, clock, timers }
  return time
}

test('a held call whose time is over tells the time that it was given, whoever notices first', async () => {
  const time = loosened()
  const held = new HeldCalls('e', 8, time.clock)
  const outcome = rejection(held.hold('hang', null, { timeoutMs: 300 }))
  time.ms += 200
  const given: unknown[] = []
  held.release((_command, _input, { timeoutMs = 0 }) => {
    given.push(timeoutMs)
    time.ms += timeoutMs
    return Promise.reject(new TimeoutError(timeoutMs, 'call', { what: 'hang' }))
  })
  await new Promise((resolve) => setImmediate(resolve))
  for (const timer of time.timers) timer()
  expect(given).toEqual([100])
  expect(await outcome).toMatchObject({ code: 'LOOP_TIMEOUT', timeoutMs: 300 })
  expect(held.size).toBe(0)
})

test('a timeout of the engine itself comes through before that', async () => {
  const time = loosened()
  const held = new HeldCalls('e', 8, time.clock)
  const own = new TimeoutError(5, 'total', { what: 'a socket' })
  const outcomes = [held.hold('ask', null, { timeoutMs: 300 }), held.hold('ask', null, undefined)].map(rejection)
  held.release(() => Promise.reject(own))
  expect(await Promise.all(outcomes)).toEqual([own, own])
})
