import { expect, it } from 'vitest'
import { jsonLogSink } from '../../src/adapters/index.ts'

const show = (text: string, maxTextLength = 2000): unknown => {
  const lines: string[] = []
  jsonLogSink((line) => lines.push(line), { maxTextLength }).onEvent('x:test:log:show', { text })
  return (JSON.parse(lines[0] ?? '{}') as { data: { text: unknown } }).data.text
}

it.each([
  ['mqtt://user:hunter@2@broker/a@b', 'mqtt://[redacted]@broker/a@b'],
  ['of http://a@b@c and https://d:hunter2@@e?f@g', 'of http://[redacted]@c and https://[redacted]@e?f@g'],
])('a password that holds an @ is not shown in part: %s', (text, shown) => {
  expect(show(text)).toBe(shown)
})

it('not where the text is cut in the middle of one either', () => {
  expect(show('mqtt://user:hunter@2hunter2@broker', 22)).toBe('mqtt://[redacted]… (34 characters)')
})
