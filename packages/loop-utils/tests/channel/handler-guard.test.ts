import { expect, test } from 'vitest'
import { HandlerGuard } from '../../src/channel/handler-guard.ts'
import { LinkCounters } from '../../src/channel/link-counters.ts'
import { warning } from '../warning.ts'

test('a handler that throws what has no text becomes a warning when there is no onError', async () => {
  const counters = new LinkCounters()
  const warned = warning('a link handler threw')
  new HandlerGuard({}, counters).run(() => {
    throw Object.create(null)
  })
  expect((await warned).message).toBe('a link handler threw an object')
  expect(counters.handlerErrors).toBe(1)
})
