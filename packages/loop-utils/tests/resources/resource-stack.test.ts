import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ErrorRevival, OptionError, ServiceStateError, toPlainError } from '../../src/errors/index.ts'
import { ResourceDisposeError, ResourceStack } from '../../src/resources/index.ts'

function asyncResource(log: string[], name: string, error?: Error): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      log.push(`${name} begins`)
      await new Promise<void>((resolve) => setImmediate(resolve))
      log.push(`${name} ends`)
      if (error !== undefined) throw error
    },
  }
}

describe('ResourceStack', () => {
  it('releases in reverse order, each after the one before is gone', async () => {
    const log: string[] = []
    const stack = new ResourceStack()
    stack.use(asyncResource(log, 'first'))
    stack.use({ [Symbol.dispose]: () => log.push('second') })
    expect(stack.adopt('third', (value) => log.push(value))).toBe('third')
    stack.defer(() => log.push('fourth'))
    stack.use(asyncResource(log, 'fifth'))
    expect(stack.size).toBe(5)
    await stack.dispose()
    expect(log).toEqual(['fifth begins', 'fifth ends', 'fourth', 'third', 'second', 'first begins', 'first ends'])
    expect(stack.size).toBe(0)
  })

  it('prefers the asynchronous disposer and calls it on its own object', async () => {
    class Both implements AsyncDisposable, Disposable {
      readonly calls: string[]

      constructor() {
        this.calls = []
      }

      [Symbol.dispose](): void {
        this.calls.push('sync')
      }

      [Symbol.asyncDispose](): Promise<void> {
        this.calls.push('async')
        return Promise.resolve()
      }
    }
    const stack = new ResourceStack()
    const both = stack.use(new Both())
    await stack.dispose()
    expect(both.calls).toEqual(['async'])
  })

  it('passes null and undefined through', async () => {
    const stack = new ResourceStack()
    expect(stack.use(null)).toBeNull()
    expect(stack.use(undefined)).toBeUndefined()
    expect(stack.size).toBe(0)
    await stack.dispose()
  })

  it('runs every disposer and rejects with the only error itself', async () => {
    const log: string[] = []
    const fault = new Error('one')
    const stack = new ResourceStack()
    stack.defer(() => log.push('last'))
    stack.use(asyncResource(log, 'bad', fault))
    stack.defer(() => log.push('first'))
    await expect(stack.dispose()).rejects.toBe(fault)
    expect(log).toEqual(['first', 'bad begins', 'bad ends', 'last'])
  })

  it('lists all errors in the order in which they came, whatever was thrown', async () => {
    const stack = new ResourceStack()
    const faults = [new Error('c'), 'b', new TypeError('a')]
    for (const fault of faults.toReversed()) {
      stack.defer(() => {
        throw fault
      })
    }
    const error = await stack.dispose().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ResourceDisposeError)
    expect(error).toMatchObject({ code: 'LOOP_RESOURCE_DISPOSE', errors: faults, cause: faults[0] })
  })

  it('has errors that survive a crossing', () => {
    const revival = new ErrorRevival({ LOOP_RESOURCE_DISPOSE: ResourceDisposeError })
    const revived = revival.revive(toPlainError(new ResourceDisposeError([new Error('a'), new TypeError('b')])))
    expect(revived).toBeInstanceOf(ResourceDisposeError)
    expect((revived as ResourceDisposeError).errors[1]).toBeInstanceOf(TypeError)
  })

  it('disposes once, and every caller waits for that', async () => {
    const log: string[] = []
    const stack = new ResourceStack()
    stack.use(asyncResource(log, 'it'))
    const first = stack.dispose()
    const second = stack[Symbol.asyncDispose]()
    expect(stack.isDisposed).toBe(true)
    await second
    expect(log).toEqual(['it begins', 'it ends'])
    await first
    await stack.dispose()
    expect(log).toHaveLength(2)
  })

  it('moves everything to a new owner', async () => {
    const log: string[] = []
    const build = async (): Promise<ResourceStack> => {
      await using stack = new ResourceStack()
      stack.defer(() => log.push('gone'))
      return stack.move()
    }
    const owner = await build()
    expect(log).toEqual([])
    expect(owner.size).toBe(1)
    await owner.dispose()
    expect(log).toEqual(['gone'])
  })

  it('releases what a failed construction had built, by await using', async () => {
    let server: Server | undefined
    const build = async (): Promise<void> => {
      await using stack = new ResourceStack()
      server = stack.adopt(createServer().listen(0, '127.0.0.1'), async (server) => {
        server.close()
        await once(server, 'close')
      })
      await once(server, 'listening')
      throw new Error('second half fails')
    }
    await expect(build()).rejects.toThrow('second half fails')
    expect(server?.listening).toBe(false)
  })

  it('takes nothing after it is disposed or moved', async () => {
    const disposed = new ResourceStack()
    await disposed.dispose()
    const moved = new ResourceStack()
    moved.move()
    for (const stack of [disposed, moved]) {
      expect(() => stack.use(null)).toThrow(ServiceStateError)
      expect(() => stack.adopt(1, () => 1)).toThrow(ServiceStateError)
      expect(() => stack.defer(() => 1)).toThrow(ServiceStateError)
      expect(() => stack.move()).toThrow(ServiceStateError)
      await stack.dispose()
    }
  })

  it('refuses what cannot be disposed', () => {
    const stack = new ResourceStack()
    expect(() => stack.use({} as unknown as Disposable)).toThrow(OptionError)
    expect(() => stack.use({ [Symbol.dispose]: 1 } as unknown as Disposable)).toThrow(OptionError)
    expect(() => stack.adopt(1, 2 as unknown as () => void)).toThrow(OptionError)
    expect(() => stack.defer(2 as unknown as () => void)).toThrow(OptionError)
    expect(stack.size).toBe(0)
  })
})
