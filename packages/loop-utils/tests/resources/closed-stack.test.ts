import { describe, expect, it } from 'vitest'
import { ResourceDisposeError, ResourceStack } from '../../src/resources/index.ts'

const USES: readonly [operation: string, use: (stack: ResourceStack) => unknown][] = [
  ['use', (stack) => stack.use(null)],
  ['adopt', (stack) => stack.adopt(1, () => 1)],
  ['defer', (stack) => stack.defer(() => 1)],
  ['move', (stack) => stack.move()],
]

describe('a stack that is disposed or moved', () => {
  it.each(USES)('refuses to %s and tells what to do', async (operation, use) => {
    const disposed = new ResourceStack()
    await disposed.dispose()
    const moved = new ResourceStack()
    moved.defer(() => 1)
    await moved.move().dispose()
    for (const stack of [disposed, moved]) {
      expect(() => use(stack)).toThrow(
        expect.objectContaining({ operation: `${operation} a resource`, state: 'disposed' }),
      )
      expect(() => use(stack)).toThrow('make a new ResourceStack')
    }
  })

  it('holds nothing', async () => {
    const moved = new ResourceStack()
    moved.defer(() => 1)
    const heir = moved.move()
    expect([moved.size, heir.size]).toEqual([0, 1])
    await moved.dispose()
    await heir.dispose()
  })
})

describe('what cannot be disposed', () => {
  it.each<[string, string, () => unknown]>([
    ['use', 'resource', () => new ResourceStack().use({} as Disposable)],
    ['adopt', 'dispose', () => new ResourceStack().adopt(1, 2 as never)],
    ['defer', 'dispose', () => new ResourceStack().defer(2 as never)],
  ])('is refused by %s as %s', (_, option, use) => {
    expect(use).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it('is told of with what can be', () => {
    expect(() => new ResourceStack().use({} as Disposable)).toThrow(
      'an object with [Symbol.asyncDispose] or [Symbol.dispose]',
    )
  })
})

describe('ResourceDisposeError', () => {
  it('tells how many resources are left', () => {
    const error = new ResourceDisposeError([new Error('a'), 'b'])
    expect(error.message).toBe('2 resources could not be released; see errors')
    expect(error.name).toBe('ResourceDisposeError')
  })
})
