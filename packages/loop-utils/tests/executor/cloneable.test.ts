import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { findCloneFault, toCloneError } from '../../src/executor/cloneable.ts'

/** What a clone keeps nothing of. */
const extra = { callback: () => 1 }

describe('findCloneFault', () => {
  const { port1 } = new MessageChannel()
  const cycle: Record<string, unknown> = { text: 'a' }
  cycle['self'] = [cycle]
  function* generate(): Generator<number> {
    yield 1
  }

  it.each([
    1,
    null,
    'text',
    new Map([[{ key: 1 }, new Set([1n])]]),
    [new Uint8Array(3), new SharedArrayBuffer(8), new ArrayBuffer(4)],
    new Error('x'),
    /x/,
    cycle,
    Object.create(null, { own: { value: 1, enumerable: true } }),
    // of these, the engine leaves out what was added to them
    Object.assign(new Error('x', { cause: { deep: 1 } }), extra),
    Object.assign(new Date(5), extra),
    Object.assign(/x/, extra),
    Object.assign(Object(5) as object, extra),
    Object.assign(new Map(), extra),
    Object.assign(new Set(), extra),
    Object.assign(new Uint8Array(3), extra),
    Object.assign(new ArrayBuffer(3), extra),
    Object.assign(new SharedArrayBuffer(3), extra),
  ])('agrees with the engine that %o can be cloned', (value) => {
    expect(findCloneFault(value, 'value', [])).toBeUndefined()
    expect(() => structuredClone(value)).not.toThrow()
  })

  it.each([
    ['value', 'a function', () => 1],
    ['value.a[1]', 'a symbol', { a: [1, Symbol('s')] }],
    ["value.get('k')", 'a promise', new Map([['k', Promise.resolve()]])],
    ['value.get(3)', 'a function', new Map([[3, () => 1]])],
    ['value.get(…)', 'a function', new Map([[{}, () => 1]])],
    ['value key', 'a symbol', new Map([[Symbol('s'), 1]])],
    ['value member', 'a weak collection or reference', new Set([new WeakMap()])],
    ['value[0]', 'a weak collection or reference', [new WeakSet()]],
    ['value[0]', 'a weak collection or reference', [new WeakRef({})]],
    ['value', 'a generator', generate()],
    ['value', 'a proxy', new Proxy({}, {})],
    ['value.port', 'a MessagePort that is not moved', { port: port1 }],
    ['value.self[0].f', 'a function', { ...cycle, self: [{ f: () => 1 }] }],
    ['value.inner.callback', 'a function', { text: 'a', none: null, inner: extra }],
    ['value.cause', 'a function', new Error('x', { cause: () => 1 })],
    ['value.cause.callback', 'a function', new Error('x', { cause: extra })],
    ['value.a', 'a symbol', { a: Object(Symbol('s')) as unknown }],
    ["value.get('a')[2]", 'a symbol', new Map([['a', [1, {}, Symbol('s')]]])],
    ['value key[1]', 'a function', new Map([[[1, () => 1], 1]])],
    ['value.first', 'a function', { first: () => 1, second: Symbol('s') }],
  ])('agrees with the engine that it cannot be cloned, at %s for %s', (path, found, value) => {
    expect(findCloneFault(value, 'value', [])).toEqual({ path, found })
    expect(() => structuredClone(value)).toThrow()
  })

  it('takes no offence at what is moved', () => {
    expect(findCloneFault({ port: port1 }, 'value', [port1])).toBeUndefined()
    port1.close()
  })

  it('finds nothing in a buffer that is moved, whatever was added to it', () => {
    const buffer = Object.assign(new ArrayBuffer(4), { port: port1 })
    expect(findCloneFault([buffer, buffer], 'value', [buffer])).toBeUndefined()
  })

  it.each([
    [9_999, { path: 'value[9999]', found: 'a function' }],
    [10_000, undefined],
  ])('looks at ten thousand objects and no further: at a list and %i in it', (length, fault) => {
    const long: unknown[] = Array.from({ length }, () => ({}))
    long.push(() => 1)
    expect(findCloneFault(long, 'value', [])).toEqual(fault)
  })

  it('does not count what is simple or was seen before', () => {
    const same = {}
    const long = [...Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? same : index)), () => 1]
    expect(findCloneFault(long, 'value', [])).toEqual({ path: 'value[20000]', found: 'a function' })
  })
})

describe('toCloneError', () => {
  const refusal = new DOMException('#<Secret> could not be cloned.', 'DataCloneError')

  it('names the part that cannot cross', () => {
    const error = toCloneError(refusal, { value: [1, { f: () => 1 }], path: 'args', transfer: [] })
    expect(error).toMatchObject({ code: 'LOOP_NOT_PLAIN', path: 'args[1].f', found: 'a function' })
  })

  it('tells what the engine said when the part cannot be seen from outside', () => {
    expect(toCloneError(refusal, { value: [{}], path: 'args', transfer: [] })).toMatchObject({
      code: 'LOOP_NOT_PLAIN',
      path: 'args',
      found: 'not clonable (DataCloneError: #<Secret> could not be cloned.)',
    })
  })
})
