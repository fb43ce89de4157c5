import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher, type DispatchInfo, attachPoster } from '../../src/dispatch/index.ts'
import { OptionError, RemoteError, XError } from '../../src/errors/index.ts'
import { turns } from './threads.ts'

class PumpJammedError extends XError {
  override readonly name = 'PumpJammedError'
  readonly code = 'TEST_PUMP_JAMMED'
  readonly litres: number

  constructor(litres: number) {
    super(`the pump jammed after ${litres} litres; free it`)
    this.litres = litres
  }
}

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  throws(): never
  rejects(): Promise<never>
  foreign(): never
  option(): never
  plain(): never
  uncloneable(): unknown
  fine(value: number): number
}

const warnings: Error[] = []
const onWarning = (warning: Error): void => {
  if ((warning as Error & { code?: string }).code === 'LOOP_DISPATCH_ERROR') warnings.push(warning)
}
process.on('warning', onWarning)
afterEach(() => {
  warnings.length = 0
})

function open() {
  const errors: { error: unknown; info: DispatchInfo }[] = []
  const dispatcher = new Dispatcher({ onError: (error, info) => errors.push({ error, info }) })
  dispatcher.register({
    throws: () => {
      throw new PumpJammedError(3)
    },
    rejects: async () => {
      await turns()
      throw new PumpJammedError(4)
    },
    foreign: () => {
      throw Object.assign(new RangeError('too far'), { code: 'ERANGE' })
    },
    option: () => {
      throw new OptionError('size', -1, 'a positive size')
    },
    plain: () => {
      throw 'just a text' // oxlint-disable-line no-throw-literal -- handlers of others throw anything
    },
    uncloneable: () => () => 1,
    fine: (value: number) => value + 1,
  })
  return { dispatcher, errors }
}

describe('isolation', () => {
  it('reports what a posted function throws or rejects with, and runs the next', async () => {
    const { dispatcher, errors } = open()
    const ran: string[] = []
    dispatcher.post(() => {
      throw new PumpJammedError(1)
    })
    dispatcher.post(() => ran.push('next'))
    dispatcher.post(async () => {
      await turns(1)
      throw new PumpJammedError(2)
    })
    dispatcher.post(() => ran.push('last'))
    await dispatcher.drain()
    await turns(5)
    expect(ran).toEqual(['next', 'last'])
    expect(warnings).toEqual([])
    expect(errors).toEqual([
      { error: expect.objectContaining({ litres: 1 }), info: { kind: 'post' } },
      { error: expect.objectContaining({ litres: 2 }), info: { kind: 'post' } },
    ])
    expect(dispatcher.stats()).toMatchObject({ errors: 2, delivered: 4 })
    await dispatcher.close()
  })

  it('reports what the handler of an event throws or rejects with, and runs the next', async () => {
    const { dispatcher, errors } = open()
    const poster = attachPoster<Handlers>(dispatcher.connect({ name: 'meter' }))
    poster.emit('throws')
    poster.emit('rejects')
    expect(await poster.call('fine', [1])).toBe(2)
    await turns(8)
    expect(errors).toEqual([
      { error: expect.any(PumpJammedError), info: { kind: 'emit', handler: 'throws', poster: 'meter' } },
      { error: expect.any(PumpJammedError), info: { kind: 'emit', handler: 'rejects', poster: 'meter' } },
    ])
    await poster.close()
    await dispatcher.close()
  })

  it('gives the caller of a call the error with its class, code and fields, when the class is known', async () => {
    const { dispatcher, errors } = open()
    const poster = attachPoster<Handlers>(dispatcher.connect(), { errors: { TEST_PUMP_JAMMED: PumpJammedError } })
    const error = await poster.call('throws', []).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PumpJammedError)
    expect(error).toMatchObject({ code: 'TEST_PUMP_JAMMED', litres: 3, message: expect.stringContaining('3 litres') })
    expect((error as Error).stack).toContain('isolation.test.ts')
    await expect(poster.call('rejects', [])).rejects.toBeInstanceOf(PumpJammedError)
    await expect(poster.call('option', [])).rejects.toBeInstanceOf(OptionError)
    await expect(poster.call('foreign', [])).rejects.toBeInstanceOf(RangeError)
    await expect(poster.call('plain', [])).rejects.toBe('just a text')
    expect(errors).toEqual([])
    await poster.close()
    await dispatcher.close()
  })

  it('gives the caller a RemoteError for a class that is not known', async () => {
    const { dispatcher } = open()
    const poster = attachPoster<Handlers>(dispatcher.connect())
    const error = await poster.call('throws', []).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({
      remoteName: 'PumpJammedError',
      remoteCode: 'TEST_PUMP_JAMMED',
      fields: { litres: 3 },
    })
    await poster.close()
    await dispatcher.close()
  })

  it('reports an event without a handler and rejects such a call', async () => {
    const { dispatcher, errors } = open()
    const poster = attachPoster(dispatcher.connect())
    poster.emit('nobody')
    await expect(poster.call('nobody', [])).rejects.toMatchObject({ code: 'LOOP_HANDLER_MISSING', handler: 'nobody' })
    expect(errors).toEqual([
      { error: expect.objectContaining({ code: 'LOOP_HANDLER_MISSING' }), info: { kind: 'emit', handler: 'nobody' } },
    ])
    expect(dispatcher.stats()).toMatchObject({ delivered: 0, dropped: { unknown: 2 } })
    await poster.close()
    await dispatcher.close()
  })

  it('tells where something cannot cross: of an event here, of a call to its caller, of a result too', async () => {
    const { dispatcher, errors } = open()
    const poster = attachPoster<Handlers>(dispatcher.connect())
    poster.emit('fine', (() => 1) as never)
    poster.emit('fine', 1)
    await expect(poster.call('fine', [(() => 1) as never])).rejects.toMatchObject({
      code: 'LOOP_NOT_PLAIN',
      path: "arguments[0] of 'fine'",
    })
    await expect(poster.call('uncloneable', [])).rejects.toMatchObject({ code: 'LOOP_NOT_PLAIN' })
    expect(errors).toEqual([
      { error: expect.objectContaining({ code: 'LOOP_NOT_PLAIN' }), info: { kind: 'emit', handler: 'fine' } },
    ])
    expect(dispatcher.stats().dropped.refused).toBe(1)
    await poster.close()
    await dispatcher.close()
  })

  it('leaves the poster as it was when an argument throws while it is read', async () => {
    const { dispatcher, errors } = open()
    const poster = attachPoster<Handlers>(dispatcher.connect())
    const thrower = {
      get value(): never {
        throw new Error('thrown by a getter')
      },
    } as never
    expect(() => poster.emit('fine', thrower)).toThrow('thrown by a getter')
    await expect(poster.post('fine', thrower)).rejects.toThrow('thrown by a getter')
    await expect(poster.call('fine', [thrower])).rejects.toThrow('thrown by a getter')
    expect(await poster.call('fine', [1])).toBe(2)
    expect(errors).toEqual([])
    await poster.close()
    await dispatcher.close()
  })

  it('survives an onError that throws itself', async () => {
    const dispatcher = new Dispatcher({
      onError: () => {
        throw new Error('thrown by onError')
      },
    })
    let ran = false
    dispatcher.post(() => {
      throw new Error('thrown by the function')
    })
    dispatcher.post(() => (ran = true))
    await dispatcher.drain()
    expect(ran).toBe(true)
    expect(dispatcher.stats().errors).toBe(2)
    await dispatcher.close()
  })

  it('makes the first error a process warning when there is no onError', async () => {
    const dispatcher = new Dispatcher({ name: 'lonely' })
    const poster = attachPoster(dispatcher.connect())
    poster.emit('nobody')
    poster.emit('nobody')
    await poster.close()
    dispatcher.post(() => {
      throw new Error('only counted')
    })
    await dispatcher.drain()
    const nameless = new Dispatcher()
    nameless.post(() => {
      throw 'a text' // oxlint-disable-line no-throw-literal -- handlers of others throw anything
    })
    await nameless.close()
    await turns()
    expect(warnings).toHaveLength(2)
    expect(warnings[1]?.message).toContain('a dispatcher has no onError, and its post failed: a text')
    expect(warnings[0]?.message).toContain("dispatcher 'lonely' has no onError, and its emit of 'nobody' failed")
    expect(warnings).toMatchObject([{ detail: expect.stringContaining('HandlerMissingError: ') }, { detail: '' }])
    expect(dispatcher.stats().errors).toBe(3)
    await dispatcher.close()
  })
})
