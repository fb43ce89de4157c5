const BRAND: unique symbol = Symbol.for('@x/error')

/**
 * The base of every error that these packages throw on purpose.
 *
 * Subclasses set `code` (stable, `PACKAGE_REASON` in capitals) and `name` as class fields, and keep further facts as
 * public readonly fields of plain values: such an error crosses a thread and arrives with the same class and fields.
 * Never use `#private` fields in a subclass: they do not survive that crossing.
 */
export abstract class XError extends Error {
  abstract readonly code: string

  /** @internal */
  get [BRAND](): true {
    return true
  }
}

/** True for any {@link XError}, also one that another installed copy of the package made. */
export function isXError(value: unknown): value is XError {
  return value instanceof Error && (value as { [BRAND]?: unknown })[BRAND] === true
}
