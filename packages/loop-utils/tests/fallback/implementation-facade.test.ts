import { describe, expect, expectTypeOf, it } from 'vitest'
import { implementationFallback, type Implementation } from '../../src/fallback/index.ts'
import { rejection } from '../settled.ts'
import { FakeStore, pair, type Store } from './fake-store.ts'

describe('the facade of two implementations', () => {
  it('reads properties of the active one, and writes both', () => {
    const { store, first, second } = pair()
    first.asked.push('x')
    expect(store.size).toBe(1)
    store.unit = 'F'
    expect([first.unit, second.unit]).toEqual(['F', 'F'])
    first.unit = 'K'
    expect(store.unit).toBe('K')
    store.fallbackControl.switchTo('secondary')
    expect(store.unit).toBe('F')
    expect(store.size).toBe(0)
  })

  it('gives the same function each time, which needs no object to be called on', () => {
    const { store } = pair()
    const methods: Record<'peek', (this: void, key: string) => string> = store
    const { peek } = methods
    expect(methods.peek).toBe(peek)
    expect(peek('a')).toBe('first: a')
  })

  it('looks like the primary: instanceof, in, constructor', () => {
    const { store } = pair()
    expect(store).toBeInstanceOf(FakeStore)
    expect('peek' in store).toBe(true)
    expect('active' in store).toBe(true)
    expect('other' in store).toBe(false)
    expect(store.constructor).toBe(FakeStore)
    expect((store as unknown as { then?: unknown }).then).toBeUndefined()
  })

  it('works for frozen objects', () => {
    const make = (name: string): { readonly call: () => string } => Object.freeze({ call: () => name })
    const either = implementationFallback(make('first'), make('second'))
    expect(either.call()).toBe('first')
    either.fallbackControl.switchTo('secondary')
    expect(either.call()).toBe('second')
    expect(() => {
      ;(either as { call: unknown }).call = 1
    }).toThrow(TypeError)
  })

  it('keeps its own members to itself', () => {
    const { store } = pair()
    expect(() => {
      ;(store as { active: Implementation }).active = 'secondary'
    }).toThrow(TypeError)
    expect(store.active).toBe('primary')
  })

  it('disposes of both', async () => {
    const disposed: string[] = []
    const make = (name: string, error?: Error): Disposable & AsyncDisposable => ({
      [Symbol.dispose]: () => {
        disposed.push(name)
        if (error !== undefined) throw error
      },
      [Symbol.asyncDispose]: async () => {
        disposed.push(`${name} async`)
        await Promise.resolve()
        if (error !== undefined) throw error
      },
    })
    {
      using either = implementationFallback(make('a'), make('b'))
      expect(either.active).toBe('primary')
    }
    {
      await using either = implementationFallback(make('c'), make('d'))
      expect(either.active).toBe('primary')
    }
    expect(disposed).toEqual(['a', 'b', 'c async', 'd async'])
    const error = new Error('stuck')
    const broken = implementationFallback(make('e', error), make('f'))
    expect(() => broken[Symbol.dispose]()).toThrow(error)
    expect(await rejection(Promise.resolve(broken[Symbol.asyncDispose]()))).toBe(error)
    const bothBroken = implementationFallback(make('g', error), make('h', error))
    expect(await rejection(Promise.resolve(bothBroken[Symbol.asyncDispose]()))).toMatchObject({
      errors: [error, error],
    })
    expect(disposed.slice(4)).toEqual(['e', 'f', 'e async', 'f async', 'g async', 'h async'])
  })

  it('disposes of one that can only do so at once, beside one that takes time', async () => {
    const disposed: string[] = []
    const slow: Partial<Disposable & AsyncDisposable> = {
      [Symbol.asyncDispose]: async () => {
        await Promise.resolve()
        disposed.push('slow')
      },
    }
    const quick: Partial<Disposable & AsyncDisposable> = { [Symbol.dispose]: () => void disposed.push('quick') }
    await implementationFallback(slow, quick)[Symbol.asyncDispose]?.()
    expect(disposed.sort()).toEqual(['quick', 'slow'])
  })

  it('keeps the types of the interface', () => {
    const { store } = pair()
    expectTypeOf<(typeof store)['read']>().toEqualTypeOf<Store['read']>()
    expectTypeOf(store.active).toEqualTypeOf<Implementation>()
    // @ts-expect-error -- the secondary has to be of the primary's kind
    const wrong = (): unknown => implementationFallback(new FakeStore('a'), { peek: 1 })
    expectTypeOf(wrong).toBeFunction()
  })
})
