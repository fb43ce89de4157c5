import { ModeOptionError } from '../errors/mode-option-error.ts'
import { NotPlainError } from '../errors/not-plain-error.ts'
import { asPlain } from './as-plain.ts'
import { isModuleRef } from './module-ref.ts'

/**
 * Checks options that are given together with `mode: 'thread'`: what is not plain cannot reach the engine, so it is
 * either in `allowed` (the facade keeps it: listeners, questions, signals, loggers) or refused. A `ModuleRef` is plain
 * enough.
 *
 * @param allowed names of options that stay with the facade
 * @throws ModeOptionError naming the option by its dotted path
 */
export function checkThreadOptions(options: object, allowed: readonly string[] = []): void {
  for (const [name, value] of Object.entries(options)) {
    if (allowed.includes(name) || isModuleRef(value)) continue
    try {
      asPlain(value, name)
    } catch (error) {
      throw error instanceof NotPlainError ? new ModeOptionError(error.path) : error
    }
  }
}
