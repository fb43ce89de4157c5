import type { Logger } from './logger.ts'

/** The logger that writes nothing: the default everywhere. */
export const silentLogger: Logger = Object.freeze({
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: (): Logger => silentLogger,
  isLevelEnabled: (): boolean => false,
})

function nothing(): void {}
