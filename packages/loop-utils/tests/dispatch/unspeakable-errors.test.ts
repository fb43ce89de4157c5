import { describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'
import { warning } from '../warning.ts'

/** Has no text: neither `String` nor a template takes it. */
const wordless: unknown = Object.create(null)
const nameless: unknown = Object.assign(new Error('nameless'), { name: Symbol('no text') })

/** Deep enough that only the engine reads it. */
function hiding(thrown: unknown): object {
  return {
    deep: {
      deeper: {
        get trap(): never {
          throw thrown
        },
      },
    },
  }
}

describe('what cannot be turned into text', () => {
  it.each([
    ['an object', wordless],
    ['what cannot be read', nameless],
  ])('is warned of as %s when a function throws it, and the next one runs', async (shown, thrown) => {
    const dispatcher = new Dispatcher({ name: 'mute' })
    const warned = warning("dispatcher 'mute' has no onError")
    let hasRun = false
    dispatcher.post(() => {
      throw thrown
    })
    dispatcher.post(() => (hasRun = true))
    await dispatcher.drain()
    expect((await warned).message).toContain(`post failed: ${shown};`)
    expect(hasRun).toBe(true)
    expect(dispatcher.stats().errors).toBe(1)
    await dispatcher.close()
  })

  it('rejects a call whose argument throws it, and what was sent with it arrives', async () => {
    const dispatcher = new Dispatcher({ onError: () => undefined })
    const got: unknown[] = []
    dispatcher.register({ take: (value: unknown) => got.push(value) })
    const poster = attachPoster(dispatcher.connect())
    poster.emit('take', 1 as never)
    const calls = [wordless, nameless].map((thrown) => rejection(poster.call('take', [hiding(thrown) as never])))
    poster.emit('take', 2 as never)
    for (const call of calls) expect(await call).toMatchObject({ code: 'LOOP_NOT_PLAIN', path: "arguments of 'take'" })
    await poster.close()
    expect(got).toEqual([1, 2])
    await dispatcher.close()
  })
})
