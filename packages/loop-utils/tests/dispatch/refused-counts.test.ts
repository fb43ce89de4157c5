import { expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'

it('posts and calls for which there is no room are counted among those refused', async () => {
  await using dispatcher = new Dispatcher()
  dispatcher.register({ take: () => undefined })
  const poster = attachPoster(dispatcher.connect({ credit: 2, overflow: 'drop-newest' }))
  // as many as the credit are on their way, and as many again wait for it
  const accepted = [1, 2, 3, 4].map(() => poster.post('take'))
  expect(await rejection(poster.post('take'))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
  expect(await rejection(poster.call('take', []))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
  expect(dispatcher.stats().dropped).toMatchObject({ overflow: 2, newest: 0 })
  await Promise.all(accepted)
  await poster.close()
  expect(dispatcher.stats()).toMatchObject({ accepted: 4, delivered: 4, dropped: { overflow: 2 } })
})

it('calls beyond the number that may be unanswered are counted among those refused', async () => {
  await using dispatcher = new Dispatcher()
  dispatcher.register({ take: () => undefined })
  const poster = attachPoster(dispatcher.connect({ maxCalls: 1 }))
  const call = poster.call('take', [])
  expect(await rejection(poster.call('take', []))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 1 })
  expect(dispatcher.stats().dropped.overflow).toBe(1)
  await call
  await poster.close()
})
