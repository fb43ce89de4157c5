import { OptionError } from '../errors/option-error.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './silent-logger.ts'

const METHODS = ['debug', 'info', 'warn', 'error', 'child'] as const

/**
 * Returns the logger that a user gave (a pino instance is one), or the silent one for `undefined`.
 *
 * @throws OptionError naming `option` and the method that is missing
 */
export function checkLogger(logger: Logger | undefined, option = 'logger'): Logger {
  if (logger === undefined) return silentLogger
  if (typeof logger !== 'object' && typeof logger !== 'function') throw invalid(option, logger)
  if (logger === null) throw invalid(option, logger)
  for (const method of METHODS) {
    if (typeof logger[method] !== 'function') throw invalid(`${option}.${method}`, logger[method])
  }
  return logger
}

function invalid(option: string, value: unknown): OptionError {
  return new OptionError(option, value, 'a logger with debug, info, warn, error and child, as pino has (wrap console)')
}
