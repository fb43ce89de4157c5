import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { types } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ErrorRevival,
  OptionError,
  QueueOverflowError,
  RemoteError,
  RetryExhaustedError,
  TimeoutError,
  toPlainError,
  WorkerCrashedError,
  XError,
  type PlainThrown,
} from '../../src/errors/index.ts'

class LinkError extends XError {
  override readonly name = 'LinkError'
  readonly code = 'TEST_LINK'
  readonly host: string
  readonly seen: Date
  readonly raw: Uint8Array

  constructor(host: string, options?: ErrorOptions) {
    super(`link to ${host} broke`, options)
    this.host = host
    this.seen = new Date(5)
    this.raw = Uint8Array.of(1, 2)
  }

  get label(): string {
    return `link ${this.host}`
  }
}

const revival = new ErrorRevival({ TEST_LINK: LinkError })

/** The way across a thread, as the structured clone algorithm makes it. */
function cross(thrown: unknown): unknown {
  return revival.revive(structuredClone(toPlainError(thrown)))
}

function message(plain: PlainThrown): string {
  return 'thrown' in plain ? '' : plain.message
}

describe('an error that crosses a thread', () => {
  it('keeps class, own fields, getters, stack, cause and nativeness', () => {
    const cause = new QueueOverflowError({ queue: 'q', capacity: 8, dropped: 2 })
    const sent = new LinkError('ccu', { cause })
    const got = cross(sent)
    if (!(got instanceof LinkError)) throw new TypeError('class lost')
    expect(got).toStrictEqual(sent)
    expect(Object.keys(got).sort()).toEqual(Object.keys(sent).sort())
    expect(got.label).toBe('link ccu')
    expect(got.stack).toBe(sent.stack)
    expect(types.isNativeError(got)).toBe(true)
    expect(got.cause).toBeInstanceOf(QueueOverflowError)
    expect(got.cause).toStrictEqual(cause)
    expect(Object.getOwnPropertyDescriptor(got, 'cause')?.enumerable).toBe(false)
    expect(Object.getOwnPropertyDescriptor(got, 'stack')?.enumerable).toBe(false)
  })

  it.each([
    new Error('plain'),
    new TypeError('type'),
    new RangeError('range', { cause: 'text' }),
    new SyntaxError(''),
    new AggregateError([new Error('a'), 'b', new TypeError('c')], 'all'),
    Object.assign(new Error('mine'), { code: 'MY_OWN', detail: { list: [1, 2n, null] } }),
    Object.assign(new Error('renamed'), { name: 'Renamed', code: 42 }),
  ])('keeps a class of the language: %s', (sent) => {
    const got = cross(sent) as Error
    expect(got).toStrictEqual(sent)
    expect(Object.getPrototypeOf(got)).toBe(Object.getPrototypeOf(sent))
    expect(Object.keys(got).sort()).toEqual(Object.keys(sent).sort())
    expect(got.stack).toBe(sent.stack)
  })

  it('keeps the list of a retry that gave up, as an own field', () => {
    const sent = new RetryExhaustedError({
      attempts: 2,
      elapsedMs: 1,
      errors: [new LinkError('a'), 7],
      limit: 'attempts',
    })
    const got = cross(sent) as RetryExhaustedError
    expect(got).toBeInstanceOf(RetryExhaustedError)
    expect(got.errors[0]).toBeInstanceOf(LinkError)
    expect(got).toStrictEqual(sent)
  })

  it("keeps Node's system errors with their fields", async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    server.close()
    await once(server, 'close')
    const [refused] = await once(net.connect(port, '127.0.0.1'), 'error').catch((error: unknown) => [error])
    const got = cross(refused) as NodeJS.ErrnoException
    expect(got).toBeInstanceOf(Error)
    expect(got).not.toBeInstanceOf(RemoteError)
    expect(got).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port })
    expect(got.errno).toBe((refused as NodeJS.ErrnoException).errno)
    expect(String(got)).toBe(String(refused))
  })

  it.each<[string, () => unknown]>([
    ['ERR_INVALID_ARG_TYPE', () => Buffer.alloc('x' as never)],
    ['ENOENT', () => readFileSync(new URL('./no-such-file', import.meta.url))],
    ['ERR_INVALID_URL', () => new URL('::')],
  ])("keeps Node's own %s with its class of the language", (code, fail) => {
    let sent: unknown
    try {
      fail()
    } catch (error) {
      sent = error
    }
    const got = cross(sent) as NodeJS.ErrnoException
    expect(got.code).toBe(code)
    expect(got).not.toBeInstanceOf(RemoteError)
    expect(got instanceof TypeError).toBe(sent instanceof TypeError)
    const { name, message, stack } = sent as Error
    expect({ name: got.name, message: got.message, stack: got.stack }).toStrictEqual({ name, message, stack })
  })

  it("keeps Node's hidden AbortError and the reason of an abort", async () => {
    const controller = new AbortController()
    controller.abort()
    const nodes = await wait(1, undefined, { signal: controller.signal }).catch((error: unknown) => error)
    const got = cross(nodes) as NodeJS.ErrnoException
    expect(got).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
    expect(got.cause).toBeInstanceOf(DOMException)
    const reason = cross(controller.signal.reason) as DOMException
    expect(reason).toBeInstanceOf(DOMException)
    expect(reason.name).toBe('AbortError')
    expect(reason.code).toBe(20)
    expect(reason.stack).toBe((controller.signal.reason as DOMException).stack)
  })

  it('becomes a RemoteError when its class is unknown, and stays one on the way on', () => {
    class Foreign extends Error {
      override readonly name = 'Foreign'
      readonly code = 'FOREIGN_CODE'
      readonly answer = 42
      readonly inner = new TypeError('inner')
    }
    const sent = new Foreign('from elsewhere')
    const got = cross(sent) as RemoteError
    expect(got).toBeInstanceOf(RemoteError)
    expect(got).toMatchObject({ message: 'from elsewhere', remoteName: 'Foreign', remoteCode: 'FOREIGN_CODE' })
    expect(got.fields['answer']).toBe(42)
    expect(got.fields['inner']).toBeInstanceOf(TypeError)
    expect(got.stack).toBe(sent.stack)
    expect(types.isNativeError(got)).toBe(true)
    const twice = cross(got) as RemoteError
    expect(twice).toMatchObject({ code: 'LOOP_REMOTE', remoteName: 'Foreign', remoteCode: 'FOREIGN_CODE' })
    expect(twice.stack).toBe(sent.stack)
  })

  it('becomes a RemoteError without a code when it had none', () => {
    class Bare extends Error {}
    expect(cross(new Bare('x'))).toMatchObject({ remoteName: 'Error', remoteCode: undefined, fields: {} })
  })

  it('keeps errors in its fields', () => {
    const sent = Object.assign(new Error('suppressed'), { suppressed: new LinkError('x') })
    expect((cross(sent) as typeof sent).suppressed).toBeInstanceOf(LinkError)
  })

  it('crosses a real worker thread', async () => {
    const worker = new Worker(new URL('./thrower.ts', import.meta.url))
    const [sent] = (await once(worker, 'message')) as [Record<'timeout' | 'unknown' | 'refused', PlainThrown>]
    await worker.terminate()
    const timeout = revival.revive(sent.timeout) as TimeoutError
    expect(timeout).toBeInstanceOf(TimeoutError)
    expect(timeout).toMatchObject({ timeoutMs: 5, kind: 'call', cause: { code: 'ECONNREFUSED' } })
    expect(timeout.stack).toContain('thrower.ts')
    expect(revival.revive(sent.unknown)).toMatchObject({ remoteCode: 'NOBODY_KNOWS', fields: { port: 1 } })
    expect(revival.revive(sent.refused)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
  })
})

describe('what else can be thrown', () => {
  const key = createSecretKey(Buffer.alloc(16))

  it.each<[unknown]>([
    ['text'],
    [0],
    [-0],
    [NaN],
    [1n],
    [true],
    [null],
    [undefined],
    [new Date(7)],
    [{ a: [1, { b: 'c' }], ['__proto__x']: 1 }],
    [[undefined, 'x']],
  ])('%s arrives as itself', (thrown) => {
    expect(cross(thrown)).toStrictEqual(thrown)
  })

  it('a key stays a key, and bytes come without their pool', () => {
    expect(cross({ key })).toEqual({ key })
    const bytes = cross(Buffer.from('abc')) as Uint8Array
    expect(bytes).toStrictEqual(new TextEncoder().encode('abc'))
    expect(bytes.buffer.byteLength).toBe(3)
  })

  it.each<[string, unknown]>([
    ['Symbol(x)', Symbol('x')],
    ['a function', () => 1],
    ['[object Map]', new Map()],
    [
      '[object Object]',
      new (class Thing {
        readonly n = 1
      })(),
    ],
  ])('%s becomes an error that tells', (shown, thrown) => {
    expect(cross(thrown)).toMatchObject({ message: `a value that is not an error was thrown: ${shown}` })
  })

  it('leaves out of fields and values what cannot cross', () => {
    const circular: Record<string, unknown> = { n: 1, f: () => 1, list: [Symbol('s'), 2], map: new Map() }
    circular['self'] = circular
    expect(cross(circular)).toStrictEqual({ n: 1, list: [null, 2] })
    const error = Object.assign(new Error('x'), { keep: 1, drop: () => 1 })
    expect(Object.keys(cross(error) as Error)).toEqual(['keep'])
  })

  it('does not let a field called __proto__ change the class', () => {
    const error = new Error('x')
    Object.defineProperty(error, '__proto__', { value: { polluted: true }, enumerable: true })
    const got = cross(error) as Error
    expect(got).toBeInstanceOf(Error)
    expect(Object.getPrototypeOf(got)).toBe(Error.prototype)
  })
})

describe('toPlainError', () => {
  it('ends at an error that contains itself', () => {
    const error = new Error('outer')
    error.cause = new Error('inner', { cause: error })
    const got = cross(error) as { cause: { cause: Error } }
    expect(got.cause.cause.message).toBe('this error contains itself; left out')
    const aggregate = new AggregateError([], 'all')
    aggregate.errors.push(aggregate)
    expect((cross(aggregate) as AggregateError).errors[0]).toMatchObject({ message: /contains itself/ })
  })

  it('writes an error twice that occurs twice beside itself', () => {
    const shared = new Error('shared')
    const got = cross(new AggregateError([shared, shared])) as AggregateError
    expect(got.errors).toStrictEqual([shared, shared])
  })

  it('keeps as many levels as asked', () => {
    const deep = new Error('0', { cause: new Error('1', { cause: new Error('2') }) })
    const plain = toPlainError(deep, { depth: 1 }) as { cause: { cause: PlainThrown } }
    expect(message(plain.cause.cause)).toBe('errors nested deeper than 1 are left out')
    const flat = toPlainError(deep, { depth: 0 }) as { cause: PlainThrown }
    expect(message(flat.cause)).toContain('deeper than 0')
    expect(() => toPlainError(deep, { depth: -1 })).toThrow(OptionError)
  })

  it('keeps 8 levels by default, however long the chain is', () => {
    let error = new Error('first')
    for (let level = 0; level < 20_000; level++) error = new Error(`${level}`, { cause: error })
    let levels = 0
    for (let got: unknown = cross(error); got instanceof Error && got.cause !== undefined; got = got.cause) levels++
    expect(levels).toBe(9)
  })

  it('keeps 256 errors at most', () => {
    const wide = new AggregateError(Array.from({ length: 5000 }, (_, n) => new AggregateError([new Error(`${n}`)])))
    const text = JSON.stringify(toPlainError(wide))
    expect(text.split('"stack"').length - 1).toBe(256)
  })

  it('keeps 1024 values of a thrown structure at most', () => {
    const got = cross(Array.from({ length: 5000 }, () => 'v')) as unknown[]
    expect(got.filter((item) => item === 'v')).toHaveLength(1023)
  })

  it('survives hostile errors', () => {
    const hostile = new Error('x')
    Object.defineProperty(hostile, 'stack', { value: 7 })
    Object.defineProperty(hostile, 'message', { get: () => expect.fail('read') })
    Object.defineProperty(hostile, 'bad', { enumerable: true, get: () => expect.fail('read') })
    expect(cross(hostile)).toMatchObject({ message: 'undefined' })
    const trap = new Proxy(new Error('x'), {
      getPrototypeOf() {
        throw new Error('trap')
      },
    })
    expect(cross(trap)).toMatchObject({ message: 'a thrown value could not be read' })
    const getter = {
      get bad(): never {
        throw new Error('getter')
      },
      good: 1,
    }
    expect(cross({ getter, after: 1 })).toStrictEqual({ after: 1 })
    expect(cross(Object.assign(Object.create(null) as object, { a: 1 }))).toStrictEqual({ a: 1 })
    const noPrototype = Object.setPrototypeOf(new Error('bare'), null) as unknown
    expect(cross(noPrototype)).toMatchObject({ remoteName: 'undefined', message: 'bare' })
  })

  it('never throws, and what it writes survives a clone unchanged', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (thrown) => {
          const plain = toPlainError(thrown)
          expect(structuredClone(plain)).toStrictEqual(plain)
        },
      ),
    )
  })
})

describe('ErrorRevival', () => {
  it('knows further classes by with(), and leaves the first as it was', () => {
    class OtherError extends XError {
      readonly code = 'TEST_OTHER'
    }
    const more = revival.with({ TEST_OTHER: OtherError })
    const plain = toPlainError(new OtherError('x'))
    expect(more.revive(plain)).toBeInstanceOf(OtherError)
    expect(more.revive(toPlainError(new LinkError('x')))).toBeInstanceOf(LinkError)
    expect(revival.revive(plain)).toBeInstanceOf(RemoteError)
  })

  it('refuses what is no error class, and two classes for one code', () => {
    expect(() => new ErrorRevival({ A: {} as never })).toThrow(
      /option classes.A is an object; give a subclass of Error/,
    )
    expect(() => new ErrorRevival({ A: Map as never })).toThrow(OptionError)
    expect(() => new ErrorRevival({ LOOP_TIMEOUT: LinkError })).toThrow(/code that no other class has/)
    expect(() => revival.with({ TEST_LINK: LinkError })).not.toThrow()
  })

  it('revives a crash report with the error that caused it', () => {
    const sent = new WorkerCrashedError({ exitCode: 1, maybeExecuted: true, cause: new TypeError('in worker') })
    expect((cross(sent) as WorkerCrashedError).cause).toBeInstanceOf(TypeError)
  })
})
