import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Reconnector, type Link } from '../../src/reconnect/index.ts'

type Then = (resolve: () => void) => unknown

function linkWith(then: Then, onClose: () => void): Link {
  // oxlint-disable-next-line unicorn/no-thenable -- a promise of another kind is what this is about
  return { closed: { then } as never, close: onClose }
}

it('a link whose closed throws in its then is closed, and another attempt is made', async () => {
  const clock = new ManualClock()
  const cause = new Error('in then')
  let closes = 0
  const then = (): never => {
    throw cause
  }
  const reconnector = new Reconnector({ clock, connect: () => linkWith(then, () => void closes++) })
  reconnector.start()
  await clock.settle()
  expect(reconnector.snapshot).toMatchObject({ state: 'waiting', lastError: cause })
  expect(closes).toBe(1)
  await Promise.all([reconnector.stop(), clock.advance(10_000)])
})

it('stopping waits for a link whose closed gives no promise by its then', async () => {
  const clock = new ManualClock()
  const waiting: (() => void)[] = []
  const reconnector = new Reconnector({
    clock,
    closeTimeoutMs: 1000,
    connect: () =>
      linkWith(
        (resolve) => void waiting.push(resolve),
        () => undefined,
      ),
  })
  reconnector.start()
  await reconnector.up()
  let isStopped = false
  const stopping = reconnector.stop().then(() => (isStopped = true))
  await clock.advance(500)
  expect(isStopped).toBe(false)
  for (const gone of waiting) gone()
  await stopping
  expect(clock.pending).toBe(0)
})
