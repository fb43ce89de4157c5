import { describe, expect, it } from 'vitest'
import {
  DispatcherClosedError,
  isXError,
  LaneClosedError,
  ModeOptionError,
  NotPlainError,
  OptionError,
  QueueOverflowError,
  RemoteError,
  ReservedEventError,
  ResultRefusedError,
  RetryExhaustedError,
  ServiceStateError,
  TimeoutError,
  WorkerCrashedError,
  XError,
} from '../../src/errors/index.ts'

const cause = new Error('cause')

/** One error of each class, with its code and its facts. */
const FACTS: readonly [make: () => XError, code: string, facts: Record<string, unknown>][] = [
  [() => new DispatcherClosedError('main'), 'LOOP_DISPATCHER_CLOSED', { dispatcher: 'main' }],
  [() => new DispatcherClosedError(), 'LOOP_DISPATCHER_CLOSED', { dispatcher: undefined }],
  [() => new LaneClosedError('writer-died'), 'LOOP_LANE_CLOSED', { end: 'writer-died' }],
  [() => new ModeOptionError('tls.lookup'), 'LOOP_THREAD_OPTION', { option: 'tls.lookup', mode: 'thread' }],
  [() => new NotPlainError('input.f', 'a function'), 'LOOP_NOT_PLAIN', { path: 'input.f', found: 'a function' }],
  [() => new OptionError('a.b', 1, 'a string'), 'LOOP_OPTION', { option: 'a.b', value: '1', expected: 'a string' }],
  [
    () => new QueueOverflowError({ queue: 'q', capacity: 4 }),
    'LOOP_QUEUE_OVERFLOW',
    { queue: 'q', capacity: 4, dropped: 1 },
  ],
  [
    () => new RemoteError({ name: 'E', message: 'm', code: 'C', fields: { a: 1 } }),
    'LOOP_REMOTE',
    { remoteName: 'E', remoteCode: 'C', fields: { a: 1 } },
  ],
  [() => new ReservedEventError('error'), 'LOOP_RESERVED_EVENT', { event: 'error' }],
  [() => new ResultRefusedError(503, 2), 'LOOP_RESULT_REFUSED', { result: 503, attempt: 2 }],
  [
    () => new RetryExhaustedError({ attempts: 2, elapsedMs: 10.4, errors: [1, cause], limit: 'attempts' }),
    'LOOP_RETRY_EXHAUSTED',
    { attempts: 2, elapsedMs: 10.4, errors: [1, cause], limit: 'attempts', cause },
  ],
  [
    () => new ServiceStateError('start', 'stopping', 'wait'),
    'LOOP_SERVICE_STATE',
    { operation: 'start', state: 'stopping' },
  ],
  [() => new TimeoutError(5, 'call', { what: 'login', cause }), 'LOOP_TIMEOUT', { timeoutMs: 5, kind: 'call', cause }],
  [
    () => new WorkerCrashedError({ exitCode: 1, maybeExecuted: true, pendingCalls: 3, cause }),
    'LOOP_WORKER_CRASHED',
    { exitCode: 1, maybeExecuted: true, pendingCalls: 3, cause },
  ],
]

const CASES = FACTS.map(([make, code, facts]) => [code, make, facts] as const)

describe('the LOOP_* errors', () => {
  it.each(CASES)('%s is the code of an error with a name and its facts', (code, make, facts) => {
    const error = make()
    expect(error.code).toBe(code)
    expect(error.name).toBe(error.constructor.name)
    expect(error).toMatchObject(facts)
    expect(error).toBeInstanceOf(XError)
    expect(isXError(error)).toBe(true)
  })

  it.each(CASES)('%s has a message that begins in lower case and ends without a full stop', (_, make) => {
    expect(make().message).toMatch(/^[^A-Z].*[^.]$|^m$/)
  })

  it('a timeout without a cause has none, and one with an undefined cause has that', () => {
    expect(Object.hasOwn(new TimeoutError(1, 'total'), 'cause')).toBe(false)
    expect(Object.hasOwn(new TimeoutError(1, 'total', { cause: undefined }), 'cause')).toBe(true)
    expect(Object.hasOwn(new WorkerCrashedError({ exitCode: 0, maybeExecuted: false }), 'cause')).toBe(false)
  })

  it('tell whether a call that met a crash may be repeated', () => {
    expect(new WorkerCrashedError({ exitCode: 1, maybeExecuted: false }).message).toContain('can be repeated')
    expect(new WorkerCrashedError({ exitCode: 1, maybeExecuted: true }).message).toContain('may have run')
  })

  it('tell the last failure of an exhausted retry', () => {
    const one = new RetryExhaustedError({ attempts: 1, elapsedMs: 0, errors: [cause], limit: 'elapsed' })
    expect(one.message).toBe('gave up after 1 attempt in 0 ms (limit: elapsed): cause')
    const none = new RetryExhaustedError({ attempts: 0, elapsedMs: 0, errors: [], limit: 'deadline' })
    expect(none.message).toBe('gave up after 0 attempts in 0 ms (limit: deadline)')
  })

  it('isXError knows the errors of another copy of the package, and nothing else', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('@x/error'), { value: true })
    expect(isXError(foreign)).toBe(true)
    expect(isXError(new Error('x'))).toBe(false)
    expect(isXError({ [Symbol.for('@x/error')]: true })).toBe(false)
    expect(isXError(undefined)).toBe(false)
  })
})
