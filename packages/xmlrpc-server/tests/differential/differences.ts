import { normalize } from '../codec/tagged.ts'
import type { Document } from './documents.ts'
import type { Verdict } from './peer.ts'
import type { Reading } from './reading.ts'

/**
 * How two readers differ over a document. `cpython` is xmlrpc.client, `grammar` the strict reader beside it.
 *
 * - `broken`: ours threw something else than its own error, or did not read what it wrote;
 * - `only-ours`, `only-theirs`: only one of the two accepts it;
 * - `values`: both accept it, with different values.
 */
export interface Difference {
  readonly with: 'cpython' | 'grammar' | 'ourselves'
  readonly how: 'broken' | 'only-ours' | 'only-theirs' | 'values'
  readonly reading: Reading
  readonly verdict: Verdict
  readonly document: Document
}

/** What the strict reader notes without objecting: it is admitted here. */
const NOTES: ReadonlySet<string> = new Set(['member-order'])

/** Everything that a document shows of differences. */
export function differencesOver(document: Document, reading: Reading, verdict: Verdict): Difference[] {
  const found: Pick<Difference, 'with' | 'how'>[] = []
  if (reading.kind === 'broken') found.push({ with: 'ourselves', how: 'broken' })
  else {
    const isOurs = reading.kind !== 'refused'
    const isGrammars = verdict.grammar.every((word) => NOTES.has(word))
    if (isOurs !== isGrammars) found.push({ with: 'grammar', how: isOurs ? 'only-ours' : 'only-theirs' })
    const isPythons = verdict.loads.error === undefined
    if (isOurs !== isPythons) found.push({ with: 'cpython', how: isOurs ? 'only-ours' : 'only-theirs' })
    else if (isOurs && !isSame(reading, verdict)) found.push({ with: 'cpython', how: 'values' })
  }
  return found.map((difference) => ({ ...difference, reading, verdict, document }))
}

function isSame(reading: Reading, { loads }: Verdict): boolean {
  return JSON.stringify(ours(reading)) === JSON.stringify(theirs(loads))
}

function ours(reading: Reading): unknown {
  if (reading.kind === 'ok') return [reading.method, reading.params]
  return reading.kind === 'fault' ? ['fault', reading.fault] : undefined
}

function theirs({ method = null, params = [], fault }: Verdict['loads']): unknown {
  return fault === undefined ? [method, params.map(normalize)] : ['fault', fault.map(normalize)]
}
