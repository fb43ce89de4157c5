import { OptionError } from '../errors/option-error.ts'
import { isThenable } from '../policy/race.ts'

/** Why what `connect` gave cannot be used as a link; undefined when it can. */
export function linkFault(link: unknown): OptionError | undefined {
  if (typeof link !== 'object' || link === null) return new OptionError('connect()', link, 'a link, which is an object')
  const { closed, close } = link as { readonly closed?: unknown; readonly close?: unknown }
  if (!isThenable(closed)) {
    return new OptionError('connect().closed', closed, 'a promise that settles when the link has gone')
  }
  return typeof close === 'function'
    ? undefined
    : new OptionError('connect().close', close, 'a function that ends the link')
}
