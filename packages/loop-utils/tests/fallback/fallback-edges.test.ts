import { describe, expect, it, vi } from 'vitest'
import { consecutive } from '../../src/breaker/index.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { exponential } from '../../src/backoff/index.ts'
import { fallback, FallbackFailedError, implementationFallback } from '../../src/fallback/index.ts'
import { rejection } from '../settled.ts'

const down = new Error('down')

describe('what a fallback refuses', () => {
  it.each<[string, string, () => unknown]>([
    ['inner', 'a Policy with execute()', () => fallback(1).around(undefined as never)],
    ['inner', 'a Policy with execute()', () => fallback(1).around(null as never)],
    ['primary', 'an object', () => implementationFallback<object>(1 as never, {})],
    ['secondary', 'an object', () => implementationFallback({}, null as never)],
    ['primary', "one without a member 'active'", () => implementationFallback({ active: 1 }, { active: 1 })],
    [
      'secondary',
      "one without a member 'fallbackControl'",
      () => implementationFallback<object>({}, { fallbackControl: 1 }),
    ],
  ])('is named %s, with what to give: %s', (option, expected, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option, expected }))
  })

  it('is told of a function, too', async () => {
    expect(await rejection(fallback(1).execute(7 as never))).toMatchObject({ option: 'fn', expected: 'a function' })
  })
})

describe('the error of a fallback that failed, too', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
    ['text', 'text'],
    ['its message', new Error('its message')],
  ])('shows %s that was thrown', (shown, thrown) => {
    expect(new FallbackFailedError(thrown, down).message).toContain(`the call failed (${shown}) and`)
    expect(new FallbackFailedError(down, thrown).message).toContain(`its fallback, too (${shown});`)
  })
})

describe('a fallback', () => {
  it('does not call a function whose signal was aborted before', async () => {
    const fn = vi.fn<() => number>(() => 1)
    expect(await rejection(fallback(2).execute(fn, { signal: AbortSignal.abort('before') }))).toBe('before')
    expect(fn).not.toHaveBeenCalled()
  })
})

class Store {
  readonly seen: unknown[]
  readonly #fails: boolean

  constructor(fails: boolean) {
    this.seen = []
    this.#fails = fails
  }

  read(...given: unknown[]): string {
    this.seen.push(given)
    if (this.#fails) throw down
    return 'value'
  }
}

/** A store whose primary fails, on a clock. */
function failingStore(options: Parameters<typeof implementationFallback>[2] = {}): {
  clock: ManualClock
  primary: Store
  secondary: Store
  store: ReturnType<typeof implementationFallback<Store>>
} {
  const clock = new ManualClock()
  const primary = new Store(true)
  const secondary = new Store(false)
  return { clock, primary, secondary, store: implementationFallback(primary, secondary, { clock, ...options }) }
}

describe('an implementation that failed', () => {
  it.each<[string, readonly unknown[]]>([
    ['nothing', []],
    ['null', [null]],
    ['undefined', [undefined]],
    ['a text', ['key']],
    ['an object', [{}]],
    ['a signal that is none', [{ signal: 7 }]],
    ['a signal that is not aborted', [{ signal: new AbortController().signal }]],
  ])('is replaced for a call with %s', (_, given) => {
    const { store, secondary } = failingStore()
    expect(store.read(...given)).toBe('value')
    expect(secondary.seen).toEqual([given])
  })

  it.each<[string, unknown]>([
    ['itself', AbortSignal.abort('enough')],
    ['in an object', { signal: AbortSignal.abort('enough') }],
  ])('is not replaced for a call whose signal, given %s, was aborted', (_, argument) => {
    const { store, secondary } = failingStore()
    expect(() => store.read('key', argument)).toThrow(down)
    expect([secondary.seen, store.fallbackControl.stats()]).toMatchObject([[], { primaryCalls: 1, repeatedCalls: 0 }])
  })

  it('is tried again after stickyMs, spread by the random source', async () => {
    const waits: number[] = []
    for (const seed of [1, 1, 2]) {
      const stickyMs = exponential({ initialDelayMs: 1000, maxDelayMs: 1000, jitter: 'full' })
      const { clock, store, primary } = failingStore({ trip: consecutive(1), stickyMs, random: seeded(seed) })
      store.read()
      expect(store.active).toBe('secondary')
      while (primary.seen.length === 1 && clock.now() < 2000) {
        await clock.advance(1)
        store.read()
      }
      waits.push(clock.now())
    }
    expect(waits[0]).toBe(waits[1])
    expect(waits[0]).not.toBe(waits[2])
    expect(Math.max(...waits)).toBeLessThanOrEqual(1001)
  })
})

describe('switching by hand', () => {
  it('tells the one who is told of switches, and counts', () => {
    const onSwitch = vi.fn<(change: unknown) => void>()
    const { store } = failingStore({ name: 'store', onSwitch })
    store.fallbackControl.switchTo('secondary')
    store.fallbackControl.switchTo('secondary')
    store.fallbackControl.switchTo('primary')
    expect(onSwitch.mock.calls).toMatchObject([
      [{ name: 'store', from: 'primary', to: 'secondary' }],
      [{ name: 'store', from: 'secondary', to: 'primary' }],
    ])
    expect(store.fallbackControl.stats()).toMatchObject({ active: 'primary', switches: 2 })
    const { store: unheard } = failingStore()
    expect(() => unheard.fallbackControl.switchTo('secondary')).not.toThrow()
    expect(unheard.active).toBe('secondary')
    expect(() => store.fallbackControl.switchTo('third' as never)).toThrow(
      expect.objectContaining({ option: 'implementation' }),
    )
  })
})

describe('writing a member', () => {
  it('fails when either implementation refuses it', () => {
    const open = (): { rate: number } => ({ rate: 1 })
    const fixed = (): { rate: number } => Object.freeze({ rate: 1 })
    const write = (first: { rate: number }, second: { rate: number }): boolean =>
      Reflect.set(implementationFallback(first, second), 'rate', 2)
    expect([write(open(), open()), write(fixed(), open()), write(open(), fixed()), write(fixed(), fixed())]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('disposing of both', () => {
  it('passes over an implementation that has nothing to dispose of', async () => {
    const log: string[] = []
    const sync = implementationFallback<Partial<Disposable>>({}, { [Symbol.dispose]: () => void log.push('sync') })
    const dispose = (sync as Disposable)[Symbol.dispose]
    expect(dispose === undefined || typeof dispose === 'function').toBe(true)
    const async = implementationFallback<Partial<AsyncDisposable & Disposable>>(
      { [Symbol.asyncDispose]: () => Promise.resolve(void log.push('async')) },
      { [Symbol.dispose]: () => void log.push('only sync') },
    )
    await (async as AsyncDisposable)[Symbol.asyncDispose]()
    expect(log).toEqual(['async', 'only sync'])
    const bare = implementationFallback<Partial<AsyncDisposable>>(
      { [Symbol.asyncDispose]: () => Promise.resolve(void log.push('first')) },
      {},
    )
    await (bare as AsyncDisposable)[Symbol.asyncDispose]()
    expect(log.at(-1)).toBe('first')
    const first = implementationFallback<Partial<Disposable>>({ [Symbol.dispose]: () => void log.push('one') }, {})
    ;(first as Disposable)[Symbol.dispose]()
    expect(log.at(-1)).toBe('one')
  })

  it('rejects with both errors and says so', async () => {
    const failing = (text: string): AsyncDisposable => ({
      [Symbol.asyncDispose]: () => Promise.reject(new Error(text)),
    })
    const both = implementationFallback(failing('one'), failing('other'))
    expect(await rejection(Promise.resolve(both[Symbol.asyncDispose]()))).toMatchObject({
      message: 'both implementations failed to dispose; see errors',
      errors: [{ message: 'one' }, { message: 'other' }],
    })
  })
})
