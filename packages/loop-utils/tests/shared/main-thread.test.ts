import { describe, expect, it } from 'vitest'
import { WrongThreadError } from '../../src/dispatch/dispatch-errors.ts'
import { ThreadCounter, ThreadLatch, ThreadSemaphore } from '../../src/shared/index.ts'

/** Each method that blocks, and what to await instead of it. */
const BLOCKING: readonly [operation: string, block: () => unknown][] = [
  ['ThreadLatch', () => new ThreadLatch(0).waitSync()],
  ['ThreadCounter', () => new ThreadCounter().waitForSync({ atLeast: 0 })],
  ['ThreadSemaphore', () => new ThreadSemaphore(1).acquireSync()],
]

describe('the main thread', () => {
  it.each(BLOCKING)('is not blocked by a %s', (_, block) => {
    expect(block).toThrow(WrongThreadError)
    expect(block).toThrow(/ would block the main thread; await .+ there/)
  })

  it('is told of a duration that is none before that', () => {
    expect(() => new ThreadLatch(0).waitSync(-1)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'timeoutMs' }),
    )
  })
})
