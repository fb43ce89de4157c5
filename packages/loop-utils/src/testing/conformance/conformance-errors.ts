import { ErrorRevival } from '../../errors/error-revival.ts'
import { XError } from '../../errors/x-error.ts'

/** An error of a package, with fields, as the conformance engine throws it. */
export class ConformanceError extends XError {
  override readonly name = 'ConformanceError'
  readonly code = 'CONFORMANCE_REFUSED'
  readonly offset: number
  readonly bytes: Uint8Array

  constructor(offset: number, bytes: Uint8Array, options?: ErrorOptions) {
    super(`refused at ${offset}; this is what the law wants`, options)
    this.offset = offset
    this.bytes = bytes
  }
}

/** An error whose class only the engine knows. */
export class StrangerError extends XError {
  override readonly name = 'StrangerError'
  readonly code = 'CONFORMANCE_STRANGER'
  readonly detail = 'kept'
}

/** Revives what the facade of the conformance engine knows. */
export const conformanceRevival: ErrorRevival = new ErrorRevival({ CONFORMANCE_REFUSED: ConformanceError })

/** What the engine throws, by kind. */
export function makeFailure(kind: string): unknown {
  switch (kind) {
    case 'typed':
      return new ConformanceError(7, new Uint8Array([1, 2]), { cause: new TypeError('inner') })
    case 'builtin':
      return new RangeError('out of range')
    case 'system':
      return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', errno: -111, syscall: 'connect' })
    case 'aggregate':
      return new AggregateError([new TypeError('one'), new ConformanceError(1, new Uint8Array(1))], 'both')
    case 'abort':
      return new DOMException('gone', 'AbortError')
    case 'stranger':
      return new StrangerError('who is it')
    default:
      return { not: 'an error' }
  }
}
