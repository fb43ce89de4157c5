import { describe, expect, it } from 'vitest'
import { implementationFallback } from '../../src/fallback/index.ts'

const readers = [{ read: (): string => 'first' }, { read: (): string => 'second' }] as const

it('who is told of a switch by hand can switch back at once', () => {
  const store = implementationFallback(...readers, {
    onSwitch: ({ to }) => {
      if (to === 'primary') store.fallbackControl.switchTo('secondary')
    },
  })
  store.fallbackControl.switchTo('secondary')
  store.fallbackControl.switchTo('primary')
  expect([store.active, store.read()]).toEqual(['secondary', 'second'])
})

describe('disposing of both implementations', () => {
  const failing = (message: string): Disposable => ({
    [Symbol.dispose]: () => {
      throw new Error(message)
    },
  })
  const thrownBy = (message: string): unknown => expect.objectContaining({ message })
  const fine: Disposable = { [Symbol.dispose]: () => undefined }

  it.each([
    [failing('first'), fine, { message: 'first' }],
    [fine, failing('second'), { message: 'second' }],
    [failing('first'), failing('second'), { errors: [thrownBy('first'), thrownBy('second')] }],
  ])('throws what each has thrown (%#)', (first, second, thrown) => {
    const both = implementationFallback(first, second)
    expect(() => both[Symbol.dispose]()).toThrow(expect.objectContaining(thrown))
  })
})

it('a call is made again whatever its arguments throw when they are looked at', () => {
  const strict = new Proxy(
    {},
    {
      get: (_, name) => {
        throw new Error(`no ${String(name)} here`)
      },
    },
  )
  const store = implementationFallback(
    {
      read: (_key: object): string => {
        throw new Error('down')
      },
    },
    { read: () => 'second' },
  )
  expect(store.read(strict)).toBe('second')
  expect(store.fallbackControl.stats()).toMatchObject({ repeatedCalls: 1 })
})
