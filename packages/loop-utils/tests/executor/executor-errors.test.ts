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

it.each<readonly [error: XError, message: string]>([
  [
    new ExecutorClosedError(true),
    'executor is closed; the function may have run; run it before close() is called, or on another executor',
  ],
  [
    new ExecutorClosedError(false),
    'executor is closed; the function did not run; run it before close() is called, or on another executor',
  ],
  [
    new PoolMissingError('piscina', '5', new Error('not found')),
    'package piscina is not installed; run npm install piscina@5, or give another pool',
  ],
])('%s says what has happened', (error, message) => {
  expect(error.message).toBe(message)
})

it('says which package is missing, and how that was noticed', () => {
  const cause = new Error('not found')
  const error = new PoolMissingError('piscina', '5', cause)
  expect([error.name, error.code, error.package, error.cause]).toEqual([
    'PoolMissingError',
    'LOOP_POOL_MISSING',
    'piscina',
    cause,
  ])
  const closed = new ExecutorClosedError(false)
  expect([closed.name, closed.code, closed.maybeExecuted]).toEqual([
    'ExecutorClosedError',
    'LOOP_EXECUTOR_CLOSED',
    false,
  ])
})
