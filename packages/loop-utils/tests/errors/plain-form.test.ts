import { describe, expect, it } from 'vitest'
import { ErrorRevival, toPlainError, XError } from '../../src/errors/index.ts'

type Plain = Record<string, unknown>

function plainOf(thrown: unknown, options?: Parameters<typeof toPlainError>[1]): Plain {
  return toPlainError(thrown, options) as unknown as Plain
}

/** Levels of `cause`, or of the first of `errors`, or of the field `inner`, below `plain`. */
function levelsOf(plain: Plain, below: (plain: Plain) => unknown): number {
  let levels = 0
  for (let next = below(plain); next !== undefined; next = below(next as Plain)) levels++
  return levels
}

/** `value` inside as many arrays or objects as asked. */
function nested(levels: number, wrap: (value: unknown) => unknown): unknown {
  let value: unknown = 'innermost'
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

function depthOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + depthOf(Object.values(value)[0]) : 0
}

describe('an error written plainly', () => {
  it('has no more than it had', () => {
    const error = new Error('bare')
    expect(Object.keys(plainOf(error)).sort()).toEqual(['builtin', 'fields', 'message', 'name', 'stack'])
    delete error.stack
    Object.defineProperty(error, 'stack', { value: undefined })
    expect(Object.keys(plainOf(error)).sort()).toEqual(['builtin', 'fields', 'message', 'name'])
    class OwnError extends XError {
      readonly code = 'TEST_OWN'
    }
    expect(Object.keys(plainOf(new OwnError('own'))).sort()).toEqual(['code', 'fields', 'message', 'name', 'stack'])
  })

  it('keeps code and errors where they belong, and as fields when they are of another kind', () => {
    const usual = Object.assign(new Error('usual'), { code: 'E_USUAL', errors: [new Error('part')] })
    expect(plainOf(usual)).toMatchObject({ code: 'E_USUAL', fields: {}, errors: [{ message: 'part' }] })
    expect(plainOf(usual)['fields']).toEqual({})
    const unusual = Object.assign(new Error('unusual'), { code: 7, errors: 'many' })
    expect(plainOf(unusual)).toMatchObject({ fields: { code: 7, errors: 'many' } })
    expect(plainOf(unusual)['code']).toBeUndefined()
  })

  it('does not repeat name, message, stack and cause among its fields', () => {
    const error = new Error('x')
    for (const key of ['name', 'message', 'stack', 'cause']) {
      Object.defineProperty(error, key, { value: `own ${key}`, enumerable: true })
    }
    expect(plainOf(error)).toMatchObject({ name: 'own name', message: 'own message', cause: { thrown: 'own cause' } })
    expect(plainOf(error)['fields']).toEqual({})
  })

  it('writes a name or message that is no text as one', () => {
    const error = new Error('x')
    Object.defineProperty(error, 'message', { value: 42 })
    Object.defineProperty(error, 'name', { value: null })
    expect(plainOf(error)).toMatchObject({ message: '42', name: 'null' })
    const throwing = new Error('x')
    Object.defineProperty(throwing, 'name', {
      get: () => {
        throw new Error('getter')
      },
    })
    expect(plainOf(throwing)).toMatchObject({ name: 'undefined', message: 'x' })
  })

  it('keeps the depth asked for along causes, aggregates and fields alike', () => {
    let cause = new Error('0')
    let part: Error = new Error('0')
    let field: Error = new Error('0')
    for (let level = 1; level < 12; level++) {
      cause = new Error(`${level}`, { cause })
      part = new AggregateError([part], `${level}`)
      field = Object.assign(new Error(`${level}`), { inner: field })
    }
    expect(levelsOf(plainOf(cause, { depth: 3 }), (plain) => plain['cause'])).toBe(4)
    expect(levelsOf(plainOf(part, { depth: 3 }), (plain) => (plain['errors'] as unknown[] | undefined)?.[0])).toBe(4)
    expect(levelsOf(plainOf(field, { depth: 3 }), (plain) => (plain['nested'] as Plain | undefined)?.['inner'])).toBe(4)
    expect(() => toPlainError(cause, { depth: 0.5 })).toThrow(expect.objectContaining({ option: 'depth' }))
  })

  it('tells how many errors it keeps where it leaves some out', () => {
    const wide = new AggregateError(Array.from({ length: 300 }, (_, n) => new Error(`${n}`)))
    const errors = plainOf(wide)['errors'] as Plain[]
    expect(errors).toHaveLength(256)
    expect(errors.at(-1)).toEqual({
      name: 'Error',
      message: 'errors beyond the first 256 are left out',
      fields: {},
      builtin: 'Error',
    })
  })

  it("counts Node's own subclasses as what they extend, and a user's not", () => {
    class OwnError extends TypeError {
      readonly code: string
      constructor(code: string) {
        super('own')
        this.code = code
      }
    }
    expect(plainOf(new OwnError('ERR_OWN'))['builtin']).toBe('TypeError')
    expect(plainOf(new OwnError('ABORT_ERR'))['builtin']).toBe('TypeError')
    expect(plainOf(new OwnError('OWN_ERR_'))['builtin']).toBeUndefined()
  })
})

describe('a value written plainly', () => {
  it.each<[string, (value: unknown) => unknown]>([
    ['arrays', (value) => [value]],
    ['objects', (value) => ({ value })],
  ])('keeps 8 levels of %s', (_, wrap) => {
    const kept = plainOf(nested(8, wrap))['thrown']
    expect(depthOf(kept)).toBe(8)
    expect(JSON.stringify(kept)).toContain('innermost')
    const cut = plainOf(nested(9, wrap))['thrown']
    expect(depthOf(cut)).toBe(8)
    expect(JSON.stringify(cut)).not.toContain('innermost')
  })

  it('keeps what occurs twice beside itself, and leaves out what contains itself', () => {
    const shared = { a: 1 }
    expect(plainOf({ one: shared, other: shared })['thrown']).toEqual({ one: shared, other: shared })
    expect(plainOf([shared, shared])['thrown']).toEqual([shared, shared])
    const own: Record<string, unknown> = { a: 1 }
    own['own'] = own
    expect(plainOf(own)['thrown']).toEqual({ a: 1 })
  })

  it('is a copy whose properties can be changed', () => {
    const copy = plainOf({ a: 1 })['thrown'] as Plain
    expect(Object.getOwnPropertyDescriptor(copy, 'a')).toEqual({
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  })

  it('copies no more of a long list than it may hold', () => {
    expect(plainOf(Array.from({ length: 5000 }, () => 'v'))['thrown']).toHaveLength(1024)
  })
})

describe('a revived error', () => {
  const revival = new ErrorRevival()

  it('has a stack and a cause that can be changed, as every error has', () => {
    const error = revival.revive(toPlainError(new Error('x', { cause: 'y' })))
    for (const key of ['stack', 'cause']) {
      expect(Object.getOwnPropertyDescriptor(error, key)).toMatchObject({
        writable: true,
        enumerable: false,
        configurable: true,
      })
    }
  })

  it('keeps the stack of the place where it is revived when it had none', () => {
    const error = revival.revive({ name: 'Error', message: 'x', fields: {}, builtin: 'Error' })
    expect((error as Error).stack).toContain('plain-form.test')
    expect(Object.hasOwn(error as Error, 'cause')).toBe(false)
  })

  it('names the class that was refused', () => {
    class First extends XError {
      readonly code = 'TEST_TWICE'
    }
    class Second extends XError {
      readonly code = 'TEST_TWICE'
    }
    expect(() => new ErrorRevival({ TEST_TWICE: First }, { TEST_TWICE: Second })).toThrow(
      expect.objectContaining({ option: 'classes.TEST_TWICE', expected: 'a code that no other class has' }),
    )
    expect(() => new ErrorRevival({ TEST_NONE: undefined as never })).toThrow(
      expect.objectContaining({ option: 'classes.TEST_NONE', expected: 'a subclass of Error' }),
    )
  })
})
