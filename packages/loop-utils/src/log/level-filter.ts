import { checkOneOf } from '../errors/option-checks.ts'
import { admits, isEnabled, LOG_LEVELS, type LogThreshold } from './log-level.ts'
import type { Logger, LogLevel } from './logger.ts'
import { silentLogger } from './silent-logger.ts'

/**
 * A logger that hands on lines of `threshold` and above. Children keep the threshold; a stricter one of `logger` itself
 * still holds.
 *
 * @throws OptionError when `threshold` is not a level
 */
export function withThreshold(logger: Logger, threshold: LogThreshold): Logger {
  checkOneOf('threshold', threshold, [...LOG_LEVELS, 'silent'])
  return threshold === 'silent' ? silentLogger : new LevelFilter(logger, threshold)
}

class LevelFilter implements Logger {
  readonly #logger: Logger
  readonly #threshold: LogThreshold

  constructor(logger: Logger, threshold: LogThreshold) {
    this.#logger = logger
    this.#threshold = threshold
  }

  debug(fields: object, message: string): void {
    if (admits(this.#threshold, 'debug')) this.#logger.debug(fields, message)
  }

  info(fields: object, message: string): void {
    if (admits(this.#threshold, 'info')) this.#logger.info(fields, message)
  }

  warn(fields: object, message: string): void {
    if (admits(this.#threshold, 'warn')) this.#logger.warn(fields, message)
  }

  error(fields: object, message: string): void {
    this.#logger.error(fields, message)
  }

  child(bindings: Readonly<Record<string, unknown>>): Logger {
    return new LevelFilter(this.#logger.child(bindings), this.#threshold)
  }

  isLevelEnabled(level: string): boolean {
    const known = LOG_LEVELS.find((candidate) => candidate === level)
    return known !== undefined && admits(this.#threshold, known) && isEnabled(this.#logger, known)
  }
}

/** Writes one line at a level that is only known at run time. */
export function logAt(
  logger: Logger,
  level: LogLevel,
  line: { readonly fields: object; readonly message: string },
): void {
  logger[level](line.fields, line.message)
}
