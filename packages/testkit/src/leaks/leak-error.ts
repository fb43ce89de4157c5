import { TestkitError } from '../errors.ts'
import type { Leak } from './leak.ts'

const SHOWN = 20

/** Something outlived its owner. */
export class LeakError extends TestkitError {
  override readonly name = 'LeakError'
  readonly code = 'TESTKIT_LEAK'
  readonly leaks: readonly Leak[]
  /** How long was waited for it to close, in milliseconds. */
  readonly graceMs: number

  constructor(leaks: readonly Leak[], graceMs: number) {
    const lines = leaks.slice(0, SHOWN).map(describe)
    if (leaks.length > SHOWN) lines.push(`  … and ${leaks.length - SHOWN} more`)
    super(`${leaks.length} left over after ${graceMs} ms; close what was opened:\n${lines.join('\n')}`)
    this.leaks = leaks
    this.graceMs = graceMs
  }
}

function describe({ kind, what, createdAt }: Leak): string {
  return [`  ${kind}: ${what}`, ...createdAt.map((frame) => `      ${frame}`)].join('\n')
}
