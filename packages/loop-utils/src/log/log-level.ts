import type { Logger, LogLevel } from './logger.ts'

/** The levels in ascending severity. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** The lowest level that is written, or `'silent'` for none. */
export type LogThreshold = LogLevel | 'silent'

/** Whether a line of `level` is written under `threshold`. */
export function admits(threshold: LogThreshold, level: LogLevel): boolean {
  return threshold !== 'silent' && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold)
}

/** Whether `logger` would write a line of `level`; true when it cannot tell. */
export function isEnabled(logger: Logger, level: LogLevel): boolean {
  return logger.isLevelEnabled?.(level) ?? true
}

/** The lowest level that `logger` writes: what an engine in another thread needs to send. */
export function thresholdOf(logger: Logger): LogThreshold {
  return LOG_LEVELS.find((level) => isEnabled(logger, level)) ?? 'silent'
}
