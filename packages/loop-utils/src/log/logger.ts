/** Levels in ascending severity, as pino names them. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The subset of pino's interface that the packages call. `console` is not one: wrap it. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(bindings: Readonly<Record<string, unknown>>): Logger
  /** When present, asked before a costly line is built. */
  isLevelEnabled?(level: string): boolean
}
