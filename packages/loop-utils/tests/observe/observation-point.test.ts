import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors/index.ts'
import { callSafely, ObservationPoint, warnOfStrayError } from '../../src/observe/index.ts'

describe('ObservationPoint', () => {
  it('tells subscribers of its channel and the observer, under one name', () => {
    const point = new ObservationPoint('x:test:thing:happen')
    const seen: unknown[] = []
    const subscriber = (data: unknown, name: string | symbol): void => void seen.push(['channel', name, data])
    subscribe(point.name, subscriber)
    const observer = { onEvent: (name: string, data: object): void => void seen.push(['observer', name, data]) }
    point.publish({ a: 1 }, observer)
    expect(seen).toEqual([
      ['channel', 'x:test:thing:happen', { a: 1 }],
      ['observer', 'x:test:thing:happen', { a: 1 }],
    ])
    unsubscribe(point.name, subscriber)
    point.publish({ a: 2 })
    expect(seen).toHaveLength(2)
  })

  it('knows whether somebody would notice', () => {
    const point = new ObservationPoint('x:test:thing:notice')
    expect(point.isObserved()).toBe(false)
    expect(point.isObserved({})).toBe(false)
    expect(point.isObserved({ onEvent: () => {} })).toBe(true)
    const subscriber = (): void => {}
    subscribe(point.name, subscriber)
    expect(point.isObserved()).toBe(true)
    unsubscribe(point.name, subscriber)
    expect(point.isObserved()).toBe(false)
    expect(channel(point.name).hasSubscribers).toBe(false)
  })

  it('survives an observer that throws', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const onEvent = (): never => {
      throw new Error('in onEvent')
    }
    new ObservationPoint('x:test:thing:throw').publish({}, { onEvent })
    expect((await warned).message).toBe('onEvent threw Error: in onEvent')
  })

  it.each(['x:test', 'y:a:b:c', 'x:a:b:C', 'x:a::c', 'x:a:b:c:d', ''])('refuses the name %o', (name) => {
    expect(() => new ObservationPoint(name)).toThrow(OptionError)
  })
})

describe('stray errors', () => {
  it('become warnings, whatever was thrown', async () => {
    const warnings: { message: string; code?: string; name: string }[] = []
    const keep = (warning: Error): void => void warnings.push(warning)
    process.on('warning', keep)
    warnOfStrayError('text', 'one')
    warnOfStrayError({}, 'two')
    warnOfStrayError(undefined, 'three')
    const bare = new Error('bare')
    delete bare.stack
    warnOfStrayError(bare, 'four')
    callSafely('five', () => 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
    process.off('warning', keep)
    expect(warnings.map(({ message }) => message)).toEqual([
      'one threw text',
      'two threw an object',
      'three threw undefined',
      'four threw Error: bare',
    ])
    for (const { name, code } of warnings) expect([name, code]).toEqual(['StrayErrorWarning', 'LOOP_STRAY_ERROR'])
  })
})
