import { expect, it } from 'vitest'
import { constant, custom, type Backoff } from '../../src/backoff/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { rejection } from '../settled.ts'
import { LinkBench, TestLink } from './link-bench.ts'

/** A link without the member, which counts how often it was closed. */
function linkWithout(member: 'closed' | 'close'): { link: TestLink; closes: () => number } {
  const link = new TestLink()
  Object.defineProperty(link, member, { value: undefined })
  return { link, closes: () => link.closeCalls }
}

it.each(['closed', 'close'] as const)(
  'a link without %s fails its attempt, and the next one is made',
  async (member) => {
    const bench = new LinkBench({ backoff: constant(10) })
    const up = bench.reconnector.up()
    bench.reconnector.start()
    const { link, closes } = linkWithout(member)
    bench.lastAttempt.succeed(link)
    await bench.clock.settle()
    expect(bench.reconnector.snapshot).toMatchObject({ state: 'waiting', failures: 1, connects: 0 })
    expect(bench.reconnector.snapshot.lastError).toMatchObject({ code: 'LOOP_OPTION', option: `connect().${member}` })
    expect(closes()).toBe(member === 'closed' ? 1 : 0)
    await bench.clock.advance(10)
    const good = bench.lastAttempt.succeed()
    expect(await up).toBe(good)
    await bench.end()
  },
)

it('what is no object at all fails its attempt', async () => {
  const bench = new LinkBench({ backoff: constant(10) })
  bench.reconnector.start()
  bench.lastAttempt.succeed(null as never)
  await bench.clock.settle()
  expect(bench.reconnector.snapshot).toMatchObject({ state: 'waiting', lastError: { option: 'connect()' } })
  await bench.end()
})

it('a link without closed that comes too late is closed, too', async () => {
  const bench = new LinkBench({ connectTimeoutMs: 5, backoff: constant(10) })
  bench.reconnector.start()
  await bench.clock.advance(5)
  const { link, closes } = linkWithout('closed')
  bench.attempts[0]?.succeed(link)
  await bench.clock.settle()
  expect(closes()).toBe(1)
  await bench.end()
})

it('what closing such a link throws goes to onError', async () => {
  const errors: unknown[] = []
  const bench = new LinkBench({ onError: (error) => void errors.push(error), backoff: constant(10) })
  bench.reconnector.start()
  const { link } = linkWithout('closed')
  link.close = (): Promise<never> => Promise.reject(new Error('in close'))
  bench.lastAttempt.succeed(link)
  await bench.clock.settle()
  expect(errors).toEqual([new Error('in close')])
  await bench.end()
})

it.each<[string, Backoff]>([
  [
    'delays',
    {
      delays: () => {
        throw new RangeError('no delays')
      },
    },
  ],
  [
    'a delay',
    custom(() => {
      throw new RangeError('no delays')
    }),
  ],
])('a backoff whose %s throws ends the loop, and is told of', async (_, backoff) => {
  const errors: unknown[] = []
  const bench = new LinkBench({ backoff, onError: (error) => void errors.push(error) })
  const up = rejection(bench.reconnector.up())
  bench.reconnector.start()
  bench.attempts.at(-1)?.fail()
  await bench.clock.settle()
  const { state, lastError } = bench.reconnector.snapshot
  expect([state, lastError]).toEqual(['closed', new RangeError('no delays')])
  expect([await up, errors]).toEqual([lastError, [lastError]])
})

it('a retryIf that answers by a promise is told of, and another attempt is made', async () => {
  const errors: unknown[] = []
  const bench = new LinkBench({
    backoff: constant(10),
    retryIf: (async () => Promise.reject(new Error('later'))) as never,
    onError: (error) => void errors.push(error),
  })
  bench.reconnector.start()
  bench.lastAttempt.fail()
  await bench.clock.settle()
  expect(bench.reconnector.state).toBe('waiting')
  expect(errors).toEqual([expect.any(OptionError)])
  expect(errors).toEqual([expect.objectContaining({ option: 'retryIf' })])
  await bench.end()
})
