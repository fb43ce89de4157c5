import { expect, it } from 'vitest'
import { ErrorRevival, toPlainError, type XError } from '../../src/errors/index.ts'
import { ExecutorClosedError, PoolMissingError } from '../../src/executor/index.ts'
import { LoopManagerClosedError } from '../../src/loop-manager/index.ts'
import { CounterRangeError } from '../../src/shared/index.ts'

it.each<XError>([
  new ExecutorClosedError(true),
  new PoolMissingError('piscina', '5', new Error('not found')),
  new LoopManagerClosedError({ cause: new RangeError('x') }),
  new CounterRangeError('frames', 3),
])('%s survives a crossing, and says what to do', (error) => {
  const revival = new ErrorRevival({ [error.code]: error.constructor })
  const revived = revival.revive(structuredClone(toPlainError(error)))
  expect(revived).toEqual(error)
  expect(revived).toBeInstanceOf(error.constructor)
  expect(error.code).toMatch(/^LOOP_[A-Z_]+$/)
  expect(error.message).toMatch(/; /)
})
