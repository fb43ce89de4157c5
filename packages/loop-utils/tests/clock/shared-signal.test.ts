import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock, systemClock } from '../../src/clock/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { never } from '../settled.ts'

it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
  ['sleeps', (signal) => systemClock.sleep(60_000, signal)],
  ['sleeps on a manual clock', (signal) => new ManualClock().sleep(1, signal)],
  ['waits for a link', (signal) => new Reconnector({ connect: never }).up({ signal })],
])('a hundred %s on one signal are one listener, of which Node does not warn', async (_, wait) => {
  const controller = new AbortController()
  const waiting = Array.from({ length: 100 }, () => wait(controller.signal))
  const ended = Promise.allSettled(waiting)
  expect(getEventListeners(controller.signal, 'abort').length).toBe(1)
  controller.abort('enough')
  for (const result of await ended) expect(result).toEqual({ status: 'rejected', reason: 'enough' })
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})
