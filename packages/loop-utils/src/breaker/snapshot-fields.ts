import { OptionError } from '../errors/option-error.ts'

/**
 * The fields of a snapshot, to be checked one by one.
 *
 * @throws OptionError naming `option` when it is no object
 */
export function fieldsOf(snapshot: unknown, option: string): Readonly<Record<string, unknown>> {
  if (typeof snapshot === 'object' && snapshot !== null && !Array.isArray(snapshot)) {
    return snapshot as Readonly<Record<string, unknown>>
  }
  throw new OptionError(option, snapshot, 'an object that snapshot() made')
}

/**
 * The fields of a trip's snapshot.
 *
 * @throws OptionError when it is not of this kind
 */
export function fieldsOfKind(snapshot: unknown, option: string, kind: string): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(snapshot, option)
  if (fields['kind'] === kind) return fields
  throw new OptionError(`${option}.kind`, fields['kind'], `'${kind}', as the breaker's trip demands`)
}
