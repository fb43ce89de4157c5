import { describe, expect, it } from 'vitest'
import { jsonLogSink } from '../../src/adapters/index.ts'
import { OptionError } from '../../src/errors/index.ts'

describe('wrong options', () => {
  it.each<[string, () => unknown]>([
    ['write', () => jsonLogSink(5 as never)],
    ['when', () => jsonLogSink(() => {}, { when: 5 as never })],
    ['fields', () => jsonLogSink(() => {}, { fields: 5 as never })],
    ['fields', () => jsonLogSink(() => {}, { fields: { text: 'x'.repeat(120) }, maxLineLength: 256 })],
    ['redact', () => jsonLogSink(() => {}, { redact: 'x' as never })],
    ['redact', () => jsonLogSink(() => {}, { redact: ['--'] })],
    ['redact', () => jsonLogSink(() => {}, { redact: [5 as never] })],
    ['maxDepth', () => jsonLogSink(() => {}, { maxDepth: 0 })],
    ['maxEntries', () => jsonLogSink(() => {}, { maxEntries: 0 })],
    ['maxTextLength', () => jsonLogSink(() => {}, { maxTextLength: 1 })],
    ['maxLineLength', () => jsonLogSink(() => {}, { maxLineLength: 1 })],
    ['maxLinesPerSecond', () => jsonLogSink(() => {}, { maxLinesPerSecond: 0 })],
    ['names', () => jsonLogSink(() => {}).subscribe([''])],
  ])('are refused at once: %s', (option, call) => {
    expect(call).toThrow(OptionError)
    expect(call).toThrow(`option ${option} is `)
  })
})
