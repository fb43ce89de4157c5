import { types } from 'node:util'
import type { ErrorRevival } from '../errors/error-revival.ts'
import { type PlainThrown, toPlainError } from '../errors/plain-error.ts'
import { NotPlainError } from '../errors/not-plain-error.ts'
import { asPlain } from './as-plain.ts'
import type { CrossingFields } from './protocol.ts'

/** Fields of a log line or diagnostic as they cross. Never throws: what is not plain is told in words. */
export function toCrossingFields(fields: Readonly<Record<string, unknown>>): CrossingFields {
  const plain: Record<string, unknown> = {}
  let errors: Record<string, PlainThrown> | undefined
  for (const key of Object.keys(fields)) {
    const value = plainOrWords(fields, key)
    if (types.isNativeError(value)) {
      errors ??= {}
      errors[key] = toPlainError(value)
    } else {
      plain[key] = value
    }
  }
  return errors === undefined ? { plain } : { plain, errors }
}

/** The fields again, errors as errors. */
export function fromCrossingFields({ plain, errors }: CrossingFields, revival: ErrorRevival): Record<string, unknown> {
  const fields = { ...plain }
  for (const [key, error] of Object.entries(errors ?? {})) fields[key] = revival.revive(error)
  return fields
}

/** Errors are returned as they are. */
function plainOrWords(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    const value = fields[key]
    return types.isNativeError(value) ? value : asPlain(value, key)
  } catch (error) {
    return error instanceof NotPlainError ? `(${error.message})` : '(unreadable)'
  }
}
