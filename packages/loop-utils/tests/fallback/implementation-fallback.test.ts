import { describe, expect, it, vi } from 'vitest'
import { consecutive, countWindow } from '../../src/breaker/index.ts'
import { sequence } from '../../src/backoff/index.ts'
import { TimeoutError } from '../../src/errors/index.ts'
import {
  FallbackFailedError,
  implementationFallback,
  type Implementation,
  type ImplementationFallbackOptions,
} from '../../src/fallback/index.ts'
import { rejection } from '../settled.ts'
import { pair } from './fake-store.ts'

describe('implementationFallback', () => {
  it('calls the primary while it works, sync and async', async () => {
    const { store, second } = pair()
    expect(store.active).toBe('primary')
    expect(store.peek('a')).toBe('first: a')
    expect(await store.read('b')).toBe('first: b')
    expect(await store.thenable('c')).toBe('first: c')
    expect(second.asked).toEqual([])
    expect(store.fallbackControl.stats()).toEqual({
      active: 'primary',
      primaryCalls: 3,
      secondaryCalls: 0,
      repeatedCalls: 0,
      switches: 0,
    })
  })

  it('makes a failed call again in the secondary, sync and async', async () => {
    const { store, first } = pair({ trip: consecutive(9) })
    first.isDown = true
    expect(store.peek('a')).toBe('second: a')
    expect(await store.read('b')).toBe('second: b')
    expect(await store.thenable('c')).toBe('second: c')
    expect(store.active).toBe('primary')
    expect(first.asked).toEqual(['a', 'b', 'c'])
    expect(store.fallbackControl.stats()).toMatchObject({ repeatedCalls: 3, primaryCalls: 0 })
  })

  it('switches over when the primary keeps failing, stays, probes, and switches back', async () => {
    const switches: [Implementation, Implementation, unknown][] = []
    const { store, first, second, clock } = pair({
      onSwitch: ({ from, to, lastError }) => void switches.push([from, to, lastError]),
    })
    first.isDown = true
    await store.read('1')
    expect(store.peek('2')).toBe('second: 2')
    expect(store.active).toBe('secondary')
    expect(store.peek('3')).toBe('second: 3')
    expect(first.asked).toEqual(['1', '2'])
    await clock.advance(1000)
    expect(store.active).toBe('secondary')
    // a probe that fails is answered all the same
    expect(await store.read('4')).toBe('second: 4')
    expect(first.asked).toEqual(['1', '2', '4'])
    expect(store.peek('5')).toBe('second: 5')
    first.isDown = false
    await clock.advance(1000)
    const probe = store.read('6')
    expect(store.peek('7')).toBe('second: 7')
    expect(await probe).toBe('first: 6')
    expect(store.active).toBe('primary')
    expect(store.peek('8')).toBe('first: 8')
    expect(second.asked).toEqual(['1', '2', '3', '4', '5', '7'])
    expect(switches).toEqual([
      ['primary', 'secondary', first.error],
      ['secondary', 'primary', first.error],
    ])
    expect(store.fallbackControl.stats()).toEqual({
      active: 'primary',
      primaryCalls: 2,
      secondaryCalls: 3,
      repeatedCalls: 3,
      switches: 2,
    })
  })

  it('probes as it is told', async () => {
    const { store, first, clock } = pair({ probing: { successes: 2 } })
    first.isDown = true
    store.peek('a')
    store.peek('b')
    first.isDown = false
    await clock.advance(1000)
    expect(store.peek('c')).toBe('first: c')
    expect(store.active).toBe('secondary')
    expect(store.peek('d')).toBe('first: d')
    expect(store.active).toBe('primary')
  })

  it('drops no call, whatever fails when: each is answered or told of by both', async () => {
    const { store, first, second, clock } = pair({
      stickyMs: sequence([10, 20, 40]),
      probing: { probes: 2, successes: 2 },
    })
    const answers = new Set<string>()
    let failures = 0
    const calls = 500
    for (let call = 0; call < calls; call++) {
      first.isDown = call % 100 < 60
      second.isDown = call % 7 === 0
      const key = String(call)
      const run = call % 2 === 0 ? store.read(key) : new Promise<string>((resolve) => resolve(store.peek(key)))
      await run.then(
        (answer) => answers.add(answer),
        (error: unknown) => {
          failures++
          expect([first.error, second.error, FallbackFailedError.name]).toContainEqual(
            error instanceof FallbackFailedError ? error.name : error,
          )
        },
      )
      if (call % 5 === 0) await clock.advance(7)
    }
    expect(answers.size + failures).toBe(calls)
    expect(answers.size).toBeGreaterThan(400)
    const { primaryCalls, secondaryCalls, repeatedCalls } = store.fallbackControl.stats()
    expect(primaryCalls + secondaryCalls + repeatedCalls).toBe(calls)
  })

  it('rejects or throws with both errors when both fail', async () => {
    const { store, first, second } = pair()
    first.isDown = true
    second.isDown = true
    const errors = [first.error, second.error]
    expect(await rejection(store.read('a'))).toMatchObject({ code: 'LOOP_FALLBACK_FAILED', errors })
    expect(() => store.peek('b')).toThrow(expect.objectContaining({ code: 'LOOP_FALLBACK_FAILED', errors }))
    // switched over: the secondary's error is the only one
    expect(() => store.peek('c')).toThrow(second.error)
    expect(await rejection(store.read('d'))).toBe(second.error)
  })

  it('throws errors that are not to be made good, and does not count them', () => {
    const { store, first, second } = pair({ when: (error, member) => error !== 'not found' || member !== 'peek' })
    first.isDown = true
    first.error = 'not found'
    for (let call = 0; call < 5; call++) expect(() => store.peek('a')).toThrow('not found')
    expect(second.asked).toEqual([])
    expect(store.active).toBe('primary')
  })

  it('repeats a call when its predicate fails, and reports that', () => {
    const errors: unknown[] = []
    const bug = new Error('bug')
    const when = (): never => {
      throw bug
    }
    const { store, first } = pair({ when, onError: (error) => void errors.push(error) })
    first.isDown = true
    expect(store.peek('a')).toBe('second: a')
    expect(errors).toEqual([bug])
  })

  it('warns when its predicate fails and nobody takes the error', async () => {
    const warnings: string[] = []
    const take = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', take)
    try {
      const when = (): never => {
        throw new Error('bug in when')
      }
      const { store, first, clock } = pair({ when })
      first.isDown = true
      store.peek('a')
      await clock.settle()
    } finally {
      process.off('warning', take)
    }
    expect(warnings).toEqual(['when threw Error: bug in when'])
  })

  it.each([
    ['a signal', (signal: AbortSignal): unknown[] => ['a', signal]],
    ['options with a signal', (signal: AbortSignal): unknown[] => ['a', { signal }]],
  ])('does not repeat a call that the caller has given up by %s', async (_, args) => {
    const { store, first, second } = pair({ trip: consecutive(1) })
    first.isDown = true
    const controller = new AbortController()
    const call = rejection((store.read as (...given: unknown[]) => Promise<string>)(...args(controller.signal)))
    controller.abort()
    expect(await call).toBe(first.error)
    expect(second.asked).toEqual([])
    expect(store.active).toBe('primary')
  })

  it('counts a call that was given up since time was up, and does not repeat it', async () => {
    const { store, first, second } = pair({ trip: consecutive(1) })
    first.isDown = true
    const controller = new AbortController()
    const call = rejection(store.read('a', { signal: controller.signal }))
    controller.abort(new TimeoutError(10, 'call'))
    await call
    expect(second.asked).toEqual([])
    expect(store.active).toBe('secondary')
  })

  it('switches for slow calls when told', async () => {
    const trip = countWindow({ size: 2, failureRate: 1, slowRate: 1 })
    const { store, first, clock } = pair({ trip, slowCallMs: 100 })
    first.read = async (key) => {
      await clock.sleep(101)
      return key
    }
    const calls = [store.read('a'), store.read('b')]
    await clock.advance(101)
    await Promise.all(calls)
    expect(store.active).toBe('secondary')
  })
})

describe('switching by hand', () => {
  it('stays with the secondary until switched back, whatever time it is', async () => {
    const onSwitch = vi.fn<(change: { from: Implementation; to: Implementation }) => void>()
    const { store, clock } = pair({ onSwitch, name: 'store' })
    store.fallbackControl.switchTo('secondary')
    store.fallbackControl.switchTo('secondary')
    await clock.advance(1e6)
    expect(store.peek('a')).toBe('second: a')
    store.fallbackControl.switchTo('primary')
    store.fallbackControl.switchTo('primary')
    expect(store.peek('b')).toBe('first: b')
    expect(onSwitch.mock.calls).toEqual([
      [{ name: 'store', from: 'primary', to: 'secondary', lastError: undefined }],
      [{ name: 'store', from: 'secondary', to: 'primary', lastError: undefined }],
    ])
  })

  it('back to the primary forgets its failures', () => {
    const { store, first } = pair()
    first.isDown = true
    store.peek('a')
    store.peek('b')
    expect(store.active).toBe('secondary')
    store.fallbackControl.switchTo('primary')
    store.peek('c')
    expect(store.active).toBe('primary')
    store.peek('d')
    expect(store.active).toBe('secondary')
  })

  it('refuses what is neither', () => {
    expect(() => pair().store.fallbackControl.switchTo('third' as never)).toThrow(
      expect.objectContaining({ option: 'implementation' }),
    )
  })

  it('is told of to observers, also when a listener throws', () => {
    const events: unknown[] = []
    const errors: unknown[] = []
    const { store } = pair({
      onSwitch: () => {
        throw new Error('listener')
      },
      onError: (error) => void errors.push(error),
      onEvent: (name, data) => void events.push([name, data]),
    })
    store.fallbackControl.switchTo('secondary')
    expect(events).toEqual([
      ['x:loop-utils:fallback:switch', { name: 'fallback', from: 'primary', to: 'secondary', lastError: undefined }],
    ])
    expect(errors).toEqual([new Error('listener')])
  })
})

describe('the options of implementationFallback', () => {
  it.each<[string, ImplementationFallbackOptions]>([
    ['stickyMs', { stickyMs: -1 }],
    ['probing.probes', { probing: { probes: 0 } }],
    ['name', { name: '' }],
    ['when', { when: 1 as never }],
    ['onSwitch', { onSwitch: 1 as never }],
    ['trip', { trip: {} as never }],
  ])('are refused by their own names: %s', (option, options) => {
    expect(() => pair(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it('are not needed', () => {
    const either = implementationFallback({ call: () => 1 }, { call: () => 2 })
    expect(either.call()).toBe(1)
  })

  it.each<[string, unknown, unknown]>([
    ['primary', null, {}],
    ['primary', { active: true }, {}],
    ['secondary', {}, { fallbackControl: 1 }],
    ['secondary', {}, 'text'],
  ])('refuse an implementation that cannot be one: %s', (option, primary, secondary) => {
    expect(() => implementationFallback(primary as object, secondary as object)).toThrow(
      expect.objectContaining({ option }),
    )
  })
})
