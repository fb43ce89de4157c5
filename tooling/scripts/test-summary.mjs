// Adds up the vitest JSON reports of all packages (reports/tests.json, restored by turbo for cached runs).
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = ['packages', 'apps', 'tooling', 'examples']

/** @returns {{ passed: number, failed: number, skipped: { name: string, reason: string }[], broken: string[] }} */
export function collectReports(root) {
  const summary = { passed: 0, failed: 0, skipped: [], broken: [] }
  for (const file of reportFiles(root)) {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    for (const suite of report.testResults) {
      if (suite.status === 'failed' && suite.assertionResults.length === 0) summary.broken.push(suite.name)
      for (const test of suite.assertionResults) count(summary, test)
    }
  }
  return summary
}

/** Forgets earlier runs: turbo puts the report of a cached run back, so what is there afterwards belongs to this run. */
export function removeReports(root) {
  for (const file of reportFiles(root)) rmSync(file)
}

export function formatSummary(summary) {
  const lines = []
  for (const { name, reason } of summary.skipped) lines.push(`skipped: ${name} (${reason})`)
  for (const name of summary.broken) lines.push(`failed to load: ${name}`)
  const failed = summary.failed + summary.broken.length
  lines.push(`${summary.passed} passed, ${failed} failed, ${summary.skipped.length} skipped`)
  return lines
}

/** The exit code: turbo's own when it failed, else 1 for a failed test, a suite that did not load, or no test at all. */
export function outcome(turboStatus, summary) {
  if (turboStatus !== 0) return turboStatus
  if (summary.failed > 0 || summary.broken.length > 0) return 1
  return summary.passed > 0 ? 0 : 1
}

function count(summary, test) {
  if (test.status === 'passed') summary.passed += 1
  else if (test.status === 'failed') summary.failed += 1
  else summary.skipped.push({ name: test.fullName, reason: skipReason(test) })
}

/** Tests that need a missing program carry the reason as `meta.skipReason`, or in brackets in their name. */
function skipReason(test) {
  return test.meta?.skipReason ?? /\[(needs [^\]]+)\]/.exec(test.fullName)?.[1] ?? 'no reason given'
}

function* reportFiles(root) {
  for (const folder of FOLDERS) {
    const base = join(root, folder)
    if (!existsSync(base)) continue
    for (const name of readdirSync(base)) {
      const file = join(base, name, 'reports', 'tests.json')
      if (existsSync(file)) yield file
    }
  }
}
