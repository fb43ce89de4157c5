import { describe, expect, it } from 'vitest'
import {
  checkText,
  DispatcherClosedError,
  LaneClosedError,
  ModeOptionError,
  OptionError,
  QueueOverflowError,
  RetryExhaustedError,
  TimeoutError,
  WorkerCrashedError,
} from '../../src/errors/index.ts'

describe('a message tells what happened, with which value, and what to do', () => {
  it.each<[string, () => Error]>([
    [
      'inbox is full at 4 items; consume faster, raise its capacity, or choose an overflow policy that drops',
      () => new QueueOverflowError({ queue: 'inbox', capacity: 4 }),
    ],
    ["dispatcher 'main' is closed; post before close() is called", () => new DispatcherClosedError('main')],
    ['dispatcher is closed; post before close() is called', () => new DispatcherClosedError()],
    [
      "option tls.lookup holds a function or live object, which cannot cross to mode 'thread'; " +
        "use mode 'loop', or give data or a module reference instead",
      () => new ModeOptionError('tls.lookup'),
    ],
    ['lane is closed (reader-closed); open a new one', () => new LaneClosedError('reader-closed')],
    [
      'operation timed out after 5 ms (total); give it more time or find what keeps it waiting',
      () => new TimeoutError(5, 'total'),
    ],
    [
      'login timed out after 7 ms (call); give it more time or find what keeps it waiting',
      () => new TimeoutError(7, 'call', { what: 'login' }),
    ],
    [
      'worker thread ended with exit code 3; the call did not run and can be repeated',
      () => new WorkerCrashedError({ exitCode: 3, maybeExecuted: false }),
    ],
    [
      'worker thread ended with exit code 1; the call may have run, so repeat it only if that is harmless',
      () => new WorkerCrashedError({ exitCode: 1, maybeExecuted: true }),
    ],
  ])('%s', (message, make) => {
    expect(make().message).toBe(message)
  })
})

describe('an exhausted retry', () => {
  it('has its last error as its cause', () => {
    const last = new Error('last')
    const error = new RetryExhaustedError({ attempts: 2, elapsedMs: 1, errors: ['first', last], limit: 'elapsed' })
    expect(error.cause).toBe(last)
  })
})

describe('limits of lengths', () => {
  it('count the longest text in', () => {
    expect(checkText('o', 'abc', { maxLength: 3 })).toBe('abc')
    expect(() => checkText('o', ['a', 'b'])).toThrow(OptionError)
  })

  it('show 60 characters of a value whole', () => {
    expect(new OptionError('o', 'x'.repeat(60), 'less').value).toBe(`'${'x'.repeat(60)}'`)
    expect(new OptionError('o', 'x'.repeat(61), 'less').value).toBe(`'${'x'.repeat(57)}…'`)
  })
})
