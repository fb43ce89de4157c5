import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { findCloneFault } from '../../src/executor/cloneable.ts'

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
  ])('agrees with the engine that it cannot be cloned, at %s for %s', (path, found, value) => {
    expect(findCloneFault(value, 'value', [])).toEqual({ path, found })
    expect(() => structuredClone(value)).toThrow()
  })

  it('takes no offence at what is moved', () => {
    expect(findCloneFault({ port: port1 }, 'value', [port1])).toBeUndefined()
    port1.close()
  })

  it('stops looking after some time', () => {
    const long: unknown[] = Array.from({ length: 20_000 }, () => ({}))
    long.push(() => 1)
    expect(findCloneFault(long, 'value', [])).toBeUndefined()
  })
})
