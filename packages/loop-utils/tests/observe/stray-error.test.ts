import { subscribe, unsubscribe, channel } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ObservationPoint, warnOfStrayError } from '../../src/observe/index.ts'

interface Warned {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly detail?: string
}

/** The warnings that the process tells of while `run` runs. */
async function warningsOf(run: () => void): Promise<Warned[]> {
  const warnings: Warned[] = []
  const keep = (warning: Error): void => void warnings.push(warning)
  process.on('warning', keep)
  run()
  await turn()
  process.off('warning', keep)
  return warnings
}

describe('the warning of a stray error', () => {
  it('has the stack of the error as its detail', async () => {
    const error = new RangeError('lost')
    const [warning] = await warningsOf(() => warnOfStrayError(error, 'a listener'))
    expect(warning).toMatchObject({ name: 'StrayErrorWarning', code: 'LOOP_STRAY_ERROR', detail: error.stack })
    expect(warning?.message).toBe('a listener threw RangeError: lost')
  })

  it('has no detail when there is no stack', async () => {
    const bare = new Error('bare')
    delete bare.stack
    const [first, second] = await warningsOf(() => {
      warnOfStrayError(bare, 'one')
      warnOfStrayError('text', 'two')
    })
    expect([first?.detail, second?.detail]).toEqual([undefined, undefined])
    expect([first?.message, second?.message]).toEqual(['one threw Error: bare', 'two threw text'])
  })

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['an object', { some: 'fields' }],
    ['7', 7],
  ])('shows %s that was thrown', async (shown, thrown) => {
    const [warning] = await warningsOf(() => warnOfStrayError(thrown, 'it'))
    expect(warning?.message).toBe(`it threw ${shown}`)
  })
})

describe('ObservationPoint', () => {
  it.each(['x:test', 'x:a:b:C'])('tells how the name %s is to be written', (name) => {
    expect(() => new ObservationPoint(name)).toThrow(
      expect.objectContaining({
        option: 'name',
        value: `'${name}'`,
        expected: 'x:<package>:<thing>:<verb> in lower case',
      }),
    )
  })

  it('tells a subscriber that comes later nothing of what was', () => {
    const point = new ObservationPoint('x:test:thing:before')
    point.publish({ n: 1 })
    const seen: unknown[] = []
    const subscriber = (data: unknown): void => void seen.push(data)
    subscribe(point.name, subscriber)
    point.publish({ n: 2 })
    unsubscribe(point.name, subscriber)
    expect(seen).toEqual([{ n: 2 }])
    expect(channel(point.name).hasSubscribers).toBe(false)
  })
})
