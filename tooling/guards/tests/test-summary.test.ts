import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectReports, formatSummary, outcome, removeReports } from '@x/scripts/test-summary.mjs'

describe('the closing line of npm test', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'x-summary-'))
  })
  afterEach(() => {
    rmSync(root, { recursive: true, force: true })
  })

  function report(name: string, results: readonly { status: string; fullName: string }[], suite = 'passed'): void {
    const folder = join(root, 'packages', name, 'reports')
    mkdirSync(folder, { recursive: true })
    const testResults = [{ name: `${name}.test.ts`, status: suite, assertionResults: results }]
    writeFileSync(join(folder, 'tests.json'), JSON.stringify({ testResults }))
  }

  it('adds up the reports of all packages', () => {
    report('a', [
      { status: 'passed', fullName: 'one' },
      { status: 'passed', fullName: 'two' },
    ])
    report('b', [{ status: 'passed', fullName: 'three' }])
    const summary = collectReports(root)
    expect(formatSummary(summary)).toEqual(['3 passed, 0 failed, 0 skipped'])
    expect(outcome(0, summary)).toBe(0)
  })

  it('names a skipped test with its reason', () => {
    report('a', [
      { status: 'passed', fullName: 'one' },
      { status: 'skipped', fullName: 'round-trips documents [needs python3]' },
    ])
    expect(formatSummary(collectReports(root))).toEqual([
      'skipped: round-trips documents [needs python3] (needs python3)',
      '1 passed, 0 failed, 1 skipped',
    ])
  })

  it('fails for a failed test although turbo, served from its cache, did not', () => {
    report('a', [
      { status: 'failed', fullName: 'one' },
      { status: 'passed', fullName: 'two' },
    ])
    const summary = collectReports(root)
    expect(formatSummary(summary)).toEqual(['1 passed, 1 failed, 0 skipped'])
    expect(outcome(0, summary)).toBe(1)
  })

  it('fails for a suite that does not load', () => {
    report('a', [], 'failed')
    report('b', [{ status: 'passed', fullName: 'one' }])
    const summary = collectReports(root)
    expect(formatSummary(summary)).toEqual(['failed to load: a.test.ts', '1 passed, 1 failed, 0 skipped'])
    expect(outcome(0, summary)).toBe(1)
  })

  it('forgets the reports of an earlier run', () => {
    report('a', [{ status: 'passed', fullName: 'one' }])
    removeReports(root)
    expect(collectReports(root).passed).toBe(0)
  })

  it('fails when no test ran, and when turbo failed', () => {
    expect(outcome(0, collectReports(root))).toBe(1)
    report('a', [{ status: 'passed', fullName: 'one' }])
    expect(outcome(3, collectReports(root))).toBe(3)
  })
})
