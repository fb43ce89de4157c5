import { describe, expect, it, vi } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { never } from '../settled.ts'
import { LinkBench } from './link-bench.ts'

describe('faults of the user', () => {
  it('go to onError: onState, retryIf and closing', async () => {
    const errors: unknown[] = []
    const bench = new LinkBench({
      backoff: constant(1),
      onError: (error) => void errors.push((error as Error).message),
      onState: ({ state }) => {
        if (state === 'up') throw new Error('in onState')
      },
      retryIf: () => {
        throw new Error('in retryIf')
      },
    })
    bench.reconnector.start()
    bench.lastAttempt.fail()
    await bench.clock.advance(1)
    const link = bench.lastAttempt.succeed()
    link.close = (): never => {
      throw new Error('in close')
    }
    await bench.clock.settle()
    link.lose(new Error('lost'))
    await bench.clock.settle()
    expect(errors).toEqual(['in retryIf', 'in onState', 'in close'])
    await bench.end()
  })

  it('become a warning without an onError', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const bench = new LinkBench({
      onState: () => {
        throw new Error('in onState')
      },
    })
    bench.reconnector.start()
    expect((await warned).message).toBe('a reconnector threw Error: in onState')
    bench.lastAttempt.fail()
    await bench.end()
  })

  it('of a link that goes while it is being closed are no unhandled rejection', async () => {
    const unhandled = vi.fn<() => void>()
    process.on('unhandledRejection', unhandled)
    const bench = new LinkBench()
    const link = await bench.up()
    link.close = (): void => link.lose(new Error('reset while closing'))
    await bench.reconnector.stop()
    await new Promise<void>((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it.each<[string, object]>([
    ['connect', { connect: 1 }],
    ['backoff', { backoff: 1 }],
    ['onState', { onState: 1 }],
    ['retryIf', { retryIf: 1 }],
    ['stableAfterMs', { stableAfterMs: -1 }],
    ['connectTimeoutMs', { connectTimeoutMs: NaN }],
    ['closeTimeoutMs', { closeTimeoutMs: Infinity }],
    ['initialSpreadMs', { initialSpreadMs: -1 }],
  ])('a wrong %s is refused at construction', (option, options) => {
    const make = (): unknown => new Reconnector({ connect: never, ...options })
    expect(make).toThrow(OptionError)
    expect(make).toThrow(`option ${option} is `)
  })
})

it('observers learn of every step', async () => {
  const seen: unknown[] = []
  const bench = new LinkBench({ onEvent: (name, data) => seen.push([name, data['state']]) })
  await bench.up()
  await bench.reconnector.stop()
  expect(seen).toEqual(['connecting', 'up', 'closed'].map((state) => ['x:loop-utils:reconnector:change', state]))
})
