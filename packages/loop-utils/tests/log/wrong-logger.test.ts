import { describe, expect, it } from 'vitest'
import { checkLogger, silentLogger, withThreshold } from '../../src/log/index.ts'

describe('a wrong logger', () => {
  it('is named logger unless told otherwise, with what it has to be', () => {
    const expected = 'a logger with debug, info, warn, error and child, as pino has (wrap console)'
    expect(() => checkLogger(null as never)).toThrow(expect.objectContaining({ option: 'logger', expected }))
    expect(() => checkLogger({ debug: () => {} } as never, 'log')).toThrow(
      expect.objectContaining({ option: 'log.info', value: 'undefined', expected }),
    )
  })
})

describe('a wrong threshold', () => {
  it('is named, with the levels there are', () => {
    expect(() => withThreshold(silentLogger, 'verbose' as never)).toThrow(
      expect.objectContaining({ option: 'threshold', expected: "one of 'debug', 'info', 'warn', 'error', 'silent'" }),
    )
  })

  it('admits no level that is unknown, whatever the logger says of it', () => {
    const talkative = { ...silentLogger, isLevelEnabled: () => true }
    const filtered = withThreshold(talkative, 'debug')
    expect([filtered.isLevelEnabled?.('trace'), filtered.isLevelEnabled?.('debug')]).toEqual([false, true])
  })
})
