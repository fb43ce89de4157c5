import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors/index.ts'
import {
  admits,
  checkLogger,
  isEnabled,
  LOG_LEVELS,
  logAt,
  silentLogger,
  thresholdOf,
  withThreshold,
  type Logger,
  type LogLevel,
} from '../../src/log/index.ts'

type Line = readonly [level: LogLevel, fields: object, message: string]

/** A logger that behaves as pino does: methods that need their `this`, bindings of children in each line. */
class PinoLike implements Logger {
  readonly lines: Line[]
  readonly #bindings: object
  readonly #level: LogLevel

  constructor(level: LogLevel = 'debug', lines: Line[] = [], bindings: object = {}) {
    this.#level = level
    this.lines = lines
    this.#bindings = bindings
  }

  debug(fields: object, message: string): void {
    this.#write('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#write('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#write('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#write('error', fields, message)
  }

  child(bindings: object): Logger {
    return new PinoLike(this.#level, this.lines, { ...this.#bindings, ...bindings })
  }

  isLevelEnabled(level: string): boolean {
    return LOG_LEVELS.indexOf(level as LogLevel) >= LOG_LEVELS.indexOf(this.#level)
  }

  #write(level: LogLevel, fields: object, message: string): void {
    if (this.isLevelEnabled(level)) this.lines.push([level, { ...this.#bindings, ...fields }, message])
  }
}

function writeAll(logger: Logger): void {
  for (const level of LOG_LEVELS) logAt(logger, level, { fields: { level }, message: `a ${level} line` })
}

describe('the silent logger', () => {
  it('takes everything and says that it writes nothing', () => {
    writeAll(silentLogger)
    expect(silentLogger.child({ a: 1 })).toBe(silentLogger)
    expect(thresholdOf(silentLogger)).toBe('silent')
    expect(Object.isFrozen(silentLogger)).toBe(true)
  })
})

describe('withThreshold', () => {
  it.each(LOG_LEVELS)('writes lines from %s on', (threshold) => {
    const logger = new PinoLike()
    const filtered = withThreshold(logger, threshold)
    writeAll(filtered)
    expect(logger.lines.map(([level]) => level)).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(threshold)))
    expect(thresholdOf(filtered)).toBe(threshold)
  })

  it('holds for children, whose bindings are kept', () => {
    const logger = new PinoLike()
    const child = withThreshold(logger, 'warn').child({ device: 'lamp' })
    writeAll(child)
    expect(logger.lines).toEqual([
      ['warn', { device: 'lamp', level: 'warn' }, 'a warn line'],
      ['error', { device: 'lamp', level: 'error' }, 'a error line'],
    ])
  })

  it("leaves the logger's own threshold in force", () => {
    const filtered = withThreshold(new PinoLike('error'), 'info')
    expect(thresholdOf(filtered)).toBe('error')
    expect(isEnabled(filtered, 'warn')).toBe(false)
    expect(filtered.isLevelEnabled?.('fatal')).toBe(false)
  })

  it('is the silent logger for silent', () => {
    expect(withThreshold(new PinoLike(), 'silent')).toBe(silentLogger)
  })

  it('refuses what is no level', () => {
    expect(() => withThreshold(silentLogger, 'verbose' as never)).toThrow(OptionError)
  })
})

describe('levels', () => {
  it('are admitted by those at or below them', () => {
    expect(admits('info', 'info')).toBe(true)
    expect(admits('info', 'debug')).toBe(false)
    expect(admits('silent', 'error')).toBe(false)
  })

  it('are all enabled when the logger cannot tell', () => {
    const write = (): void => {}
    expect(thresholdOf({ debug: write, info: write, warn: write, error: write, child: () => silentLogger })).toBe(
      'debug',
    )
  })
})

describe('checkLogger', () => {
  it('takes what behaves as pino does, and the silent one for none', () => {
    const logger = new PinoLike()
    expect(checkLogger(logger)).toBe(logger)
    expect(checkLogger(undefined)).toBe(silentLogger)
    const callable = Object.assign(() => {}, silentLogger)
    expect(checkLogger(callable)).toBe(callable)
  })

  it.each([
    ['logger.child', console],
    ['logger', null],
    ['logger', 'info'],
    ['log.warn', { debug: () => {}, info: () => {} }],
  ])('names %s when that is what is wrong', (option, logger) => {
    const check = (): unknown => checkLogger(logger as never, option.split('.')[0])
    expect(check).toThrow(OptionError)
    expect(check).toThrow(`option ${option} is `)
  })
})
