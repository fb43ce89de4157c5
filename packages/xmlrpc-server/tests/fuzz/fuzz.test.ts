import { describe, expect, it } from 'vitest'
import { examine, fuzz } from './fuzzing.ts'

describe('fuzzed documents', () => {
  it('get a result or our own error, whole and in pieces, in time linear in their length', () => {
    const { findings, documents, accepted, refused } = fuzz({ documents: 3000, seed: 20_261_121 })
    const shown = findings.map(({ document, ...rest }) => ({
      ...rest,
      text: Buffer.from(document.bytes).toString('latin1').slice(0, 500),
    }))
    expect(shown).toEqual([])
    expect(documents).toBe(3000)
    expect(Math.min(accepted, refused)).toBeGreaterThan(300)
  }, 60_000)

  it('repeat themselves with the same seed', () => {
    const run = (): unknown => {
      const { bytes, accepted, refused } = fuzz({ documents: 300, seed: 7 })
      return { bytes, accepted, refused }
    }
    expect(run()).toEqual(run())
  })

  it('find nothing in a sound document', () => {
    expect(
      examine({ kind: 'call', bytes: Buffer.from('<methodCall><methodName>m</methodName></methodCall>') }),
    ).toEqual([])
  })
})
