import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

const document = read('docs/capture-and-replay.md')

describe('the document on capture and replay', () => {
  it.each([
    ['recorder-options.ts', 'CallbackRecorderOptions', 11],
    ['replay-options.ts', 'ReplayOptions', 8],
    ['read-capture.ts', 'ReadCaptureOptions', 2],
  ])('lists every option in %s', (file, name, count) => {
    const [, body = ''] = read(`src/capture/${file}`).split(new RegExp(`export interface ${name}\\b[^{]*\\{`))
    const options = Array.from(body.slice(0, body.indexOf('\n}')).matchAll(/^ {2}readonly (\w+)\??:/gm), ([, o]) => o)
    expect(options).toHaveLength(count)
    expect(options.filter((option) => !new RegExp(`^\\|[^|]*\`${option}\``, 'm').test(document))).toEqual([])
  })

  it('lists everything that can be wrong with a file', () => {
    const reasons = Array.from(
      (read('src/capture/capture-file-error.ts').split('export type')[1]?.split('\n\n')[0] ?? '').matchAll(
        /'([\w-]+)'/g,
      ),
      ([, reason]) => reason,
    )
    expect(reasons.length).toBeGreaterThan(5)
    expect(reasons.filter((reason) => !document.includes(`\`${reason}\``))).toEqual([])
  })
})
