import { EventEmitter, on, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { OptionError, ReservedEventError } from '../../src/errors/index.ts'
import { TypedEmitter, type EventListener } from '../../src/events/index.ts'

interface LinkEvents {
  up: [host: string, attempts: number]
  down: []
}

class LinkEmitter extends TypedEmitter<LinkEvents> {}

type Reported = [error: unknown, event: string | symbol]

function reporting(): { emitter: LinkEmitter; reported: Reported[] } {
  const reported: Reported[] = []
  return { emitter: new LinkEmitter({ onError: (...given) => reported.push(given) }), reported }
}

describe('TypedEmitter', () => {
  it("is an EventEmitter of Node's with typed events", () => {
    const emitter = new LinkEmitter()
    expect(emitter).toBeInstanceOf(EventEmitter)
    expect(emitter).toBeInstanceOf(TypedEmitter)
    const seen: unknown[] = []
    emitter.on('up', (host, attempts) => {
      expectTypeOf(host).toEqualTypeOf<string>()
      expectTypeOf(attempts).toEqualTypeOf<number>()
      seen.push(host, attempts)
    })
    expect(emitter.emit('up', 'ccu', 2)).toBe(true)
    expect(emitter.emit('down')).toBe(false)
    expect(seen).toEqual(['ccu', 2])
    // @ts-expect-error a name that is none
    emitter.on('upp', (host: string) => host)
    // @ts-expect-error a wrong argument
    emitter.emit('up', 1, 1)
    // @ts-expect-error a reserved name
    expectTypeOf<TypedEmitter<{ error: [Error] }>>().toBeObject()
  })

  it('keeps what one listener throws from the next and from the emitter', () => {
    const { emitter, reported } = reporting()
    const order: string[] = []
    emitter.on('down', () => void order.push('first'))
    emitter.on('down', () => {
      throw new Error('second')
    })
    emitter.once('down', () => {
      throw new Error('third')
    })
    emitter.on('down', () => void order.push('fourth'))
    expect(emitter.emit('down')).toBe(true)
    expect(order).toEqual(['first', 'fourth'])
    expect(reported).toMatchObject([
      [{ message: 'second' }, 'down'],
      [{ message: 'third' }, 'down'],
    ])
    expect(emitter.listenerCount('down')).toBe(3)
  })

  it('keeps what an async listener rejects with from becoming an unhandled rejection', async () => {
    const unhandled = vi.fn<() => void>()
    process.on('unhandledRejection', unhandled)
    const { emitter, reported } = reporting()
    const own = new Error('async')
    const reject = async (): Promise<void> => {
      await turn()
      throw own
    }
    emitter.on('down', async () => reject())
    emitter.once('down', reject)
    emitter.emit('down')
    await turn()
    await turn()
    expect(reported).toEqual([
      [own, 'down'],
      [own, 'down'],
    ])
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('calls those that listened when it began', () => {
    const emitter = new LinkEmitter()
    const order: string[] = []
    const last = (): void => void order.push('last')
    emitter.on('down', () => {
      order.push('first')
      emitter.off('down', last)
      emitter.on('down', () => void order.push('late'))
    })
    emitter.on('down', last)
    emitter.emit('down')
    expect(order).toEqual(['first', 'last'])
    emitter.emit('down')
    expect(order).toEqual(['first', 'last', 'first', 'late'])
  })

  it('calls a listener of once once, also when it emits again', () => {
    const emitter = new LinkEmitter()
    const listener = vi.fn<() => void>(() => void emitter.emit('down'))
    emitter.once('down', listener)
    emitter.emit('down')
    emitter.emit('down')
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('gives the emitter as this', () => {
    const emitter = new LinkEmitter()
    const seen: unknown[] = []
    emitter.on('down', function listener(this: unknown) {
      seen.push(this)
    })
    emitter.emit('down')
    expect(seen).toEqual([emitter])
  })

  it('warns when nobody takes the errors, and survives an onError that throws', async () => {
    const warnings: Error[] = []
    const keep = (warning: Error): void => void warnings.push(warning)
    process.on('warning', keep)
    const emitter = new LinkEmitter()
    emitter.on('down', () => {
      throw new Error('unheard')
    })
    emitter.on('down', () => {
      // oxlint-disable-next-line typescript/only-throw-error -- a listener may throw anything
      throw 'text'
    })
    emitter.emit('down')
    const throwing = new LinkEmitter({
      onError: () => {
        throw new TypeError('in onError')
      },
    })
    throwing.on('down', () => {
      // oxlint-disable-next-line typescript/only-throw-error -- a listener may throw anything
      throw { some: 'object' }
    })
    throwing.emit('down')
    await turn()
    process.off('warning', keep)
    expect(warnings.map(({ message }) => message)).toEqual([
      "a listener of 'down' threw Error: unheard",
      "a listener of 'down' threw text",
      'onError threw TypeError: in onError',
    ])
  })

  it('calls nobody while its gate is closed', () => {
    const gate = { isOpen: false }
    const emitter = new TypedEmitter<LinkEvents>({ gate })
    const listener = vi.fn<() => void>()
    emitter.on('down', listener)
    expect(emitter.emit('down')).toBe(false)
    gate.isOpen = true
    expect(emitter.emit('down')).toBe(true)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('refuses an onError that is no function', () => {
    expect(() => new TypedEmitter({ onError: 1 as never })).toThrow(OptionError)
    expect(() => new TypedEmitter({ onError: 1 as never })).toThrow('option onError is 1')
  })
})

describe("the event 'error'", () => {
  const untyped = (): EventEmitter => new TypedEmitter<LinkEvents>()

  it('cannot be emitted', () => {
    expect(() => untyped().emit('error', new Error('x'))).toThrow(ReservedEventError)
    expect(() => untyped().emit('error')).toThrow(/event name 'error' is reserved; give onError/)
  })

  it.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'cannot be listened to by %s',
    (method) => {
      const emitter = untyped()
      expect(() => emitter[method]('error', () => {})).toThrow(ReservedEventError)
      expect(() => emitter[method]('error', () => {})).toThrow("event name 'error' is reserved")
      expect(() => emitter[method]('down', () => {})).not.toThrow()
      expect(emitter.listenerCount('error')).toBe(0)
      expect(emitter.listenerCount('down')).toBe(1)
    },
  )

  it("cannot be listened to from within a listener of Node's own emitter", () => {
    const own = untyped()
    const nodes = new EventEmitter().on('data', () => own.on('error', () => {}))
    expect(() => nodes.emit('data')).toThrow(ReservedEventError)
  })

  it('leaves the limit of stack traces as it was', () => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 7
    expect(() => untyped().on('error', () => {})).toThrow(ReservedEventError)
    const after = Error.stackTraceLimit
    Error.stackTraceLimit = stackTraceLimit
    expect(after).toBe(7)
  })
})

describe("Node's once and on", () => {
  it('wait for an event', async () => {
    const emitter = new LinkEmitter()
    const waiting = once(emitter, 'up')
    emitter.emit('up', 'ccu', 1)
    expect(await waiting).toEqual(['ccu', 1])
    expect(emitter.listenerCount('up')).toBe(0)
    expect((emitter as EventEmitter).listenerCount('error')).toBe(0)
  })

  it('end by an abort', async () => {
    const emitter = new LinkEmitter()
    const controller = new AbortController()
    const waiting = once(emitter, 'up', { signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(emitter.listenerCount('up')).toBe(0)
  })

  it('iterate', async () => {
    const emitter = new LinkEmitter()
    const seen: unknown[] = []
    const iterator = on(emitter, 'up')
    emitter.emit('up', 'a', 1)
    emitter.emit('up', 'b', 2)
    for await (const given of iterator) {
      seen.push(given)
      if (seen.length === 2) break
    }
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(emitter.listenerCount('up')).toBe(0)
  })

  it('work for a subclass that wraps on() and once()', async () => {
    class Wrapping extends LinkEmitter {
      override on<K extends keyof LinkEvents>(event: K, listener: EventListener<LinkEvents, K>): this {
        return super.on(event, listener)
      }
    }
    const emitter = new Wrapping()
    const waiting = once(emitter, 'down')
    emitter.emit('down')
    expect(await waiting).toEqual([])
  })

  it('tell of listeners that come and go', () => {
    const emitter = new LinkEmitter() as EventEmitter
    const seen: unknown[] = []
    emitter.on('newListener', (name) => seen.push(['new', name]))
    const listener = (): void => {}
    emitter.on('up', listener)
    emitter.on('removeListener', (name) => seen.push(['gone', name]))
    emitter.off('up', listener)
    expect(seen).toEqual([
      ['new', 'up'],
      ['new', 'removeListener'],
      ['gone', 'up'],
    ])
  })
})
