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

it.each<readonly [make: () => XError, said: object]>([
  [
    () => new ExecutorClosedError(true),
    {
      name: 'ExecutorClosedError',
      maybeExecuted: true,
      message: 'executor is closed; the function may have run; run it before close() is called, or on another executor',
    },
  ],
  [
    () => new ExecutorClosedError(false),
    {
      maybeExecuted: false,
      message: 'executor is closed; the function did not run; run it before close() is called, or on another executor',
    },
  ],
  [
    () => new PoolMissingError('piscina', '5', 'not found'),
    {
      name: 'PoolMissingError',
      package: 'piscina',
      cause: 'not found',
      message: 'package piscina is not installed; run npm install piscina@5, or give another pool',
    },
  ],
])('an error of an executor says what has happened: %o', (make, said) => {
  expect(make()).toMatchObject(said)
})
