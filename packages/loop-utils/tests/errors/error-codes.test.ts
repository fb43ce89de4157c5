import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

describe('the codes in the sources', () => {
  /** Thrown to the test that asked for it, and by no engine. */
  const ON_ONE_THREAD = new Set(['LOOP_RUNAWAY_TIMERS'])
  const sources = globSources(fileURLToPath(new URL('../../src/', import.meta.url)))

  it('are all known to what makes errors again behind a thread', () => {
    const codes = sources.flatMap((text) =>
      Array.from(text.matchAll(/readonly code = '(LOOP_\w+)'/g), ([, code = '']) => code),
    )
    const known = new Set(
      sources.flatMap((text) => Array.from(text.matchAll(/^ {2}(LOOP_\w+): \w+Error,/gm), ([, code]) => code)),
    )
    expect(codes.length).toBeGreaterThan(30)
    expect(codes.filter((code) => !known.has(code) && !ON_ONE_THREAD.has(code))).toEqual([])
  })

  it('are of one class each', () => {
    const codes = sources.flatMap((text) => text.match(/readonly code = '\w+'/g) ?? [])
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
  })
})

function globSources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
}
