import { seeded, type Random } from '@x/loop-utils/clock'
import { bytesOf, vectors } from '../codec/vector-file.ts'
import { differencesOver, type Difference } from './differences.ts'
import { type Document, DocumentWriter } from './documents.ts'
import { EXPLAINED } from './explained.ts'
import { Mutator } from './mutation.ts'
import type { Peer, Verdict } from './peer.ts'
import { read, type Reading } from './reading.ts'

/** What a run has counted. */
export interface Tally {
  documents: number
  bothAccept: number
  bothRefuse: number
  /** Documents that were encoded again and read as the same by both sides. */
  roundTrips: number
  /** How many differences each class has explained. */
  readonly explained: Map<string, number>
  readonly unexplained: Difference[]
}

/** How much to compare. */
export interface ComparisonOptions {
  readonly documents: number
  readonly seed: number
  readonly onProgress?: (tally: Tally) => void
}

const BATCH = 500
/** Findings beyond this end the run: they are likely to have one cause. */
const MAX_FINDINGS = 20
const LONGEST_SEED = 4000

const SEEDS: readonly Document[] = vectors
  .map((vector) => ({ kind: vector.kind, bytes: bytesOf(vector) }))
  .filter(({ bytes }) => bytes.length <= LONGEST_SEED)

/** Compares our decoder with Python's readers over generated and mutated documents. */
export async function compare(peer: Peer, { documents, seed, onProgress }: ComparisonOptions): Promise<Tally> {
  const tally: Tally = {
    documents: 0,
    bothAccept: 0,
    bothRefuse: 0,
    roundTrips: 0,
    explained: new Map(),
    unexplained: [],
  }
  const next = documentSource(seeded(seed))
  while (tally.documents < documents && tally.unexplained.length < MAX_FINDINGS) {
    const batch = Array.from({ length: Math.min(BATCH, documents - tally.documents) }, next)
    const readings = batch.map(read)
    const verdicts = await peer.judge(batch)
    for (const [index, document] of batch.entries()) {
      judge(tally, differencesOver(document, readings[index] as Reading, verdicts[index] as Verdict))
      count(tally, readings[index] as Reading, verdicts[index] as Verdict)
    }
    await checkRoundTrips(peer, readings, tally)
    onProgress?.(tally)
  }
  return tally
}

/** Documents one after the other: a third as written, the rest mutations of those and of the vectors. */
export function documentSource(random: Random): () => Document {
  const writer = new DocumentWriter(random)
  const mutator = new Mutator(random)
  const seedOf = (): Document =>
    random() < 0.5 ? writer.write() : (SEEDS[Math.floor(random() * SEEDS.length)] as Document)
  return () => {
    if (random() < 0.33) return writer.write()
    const { kind, bytes } = seedOf()
    return { kind, bytes: mutator.mutate(bytes, seedOf().bytes) }
  }
}

/** The class that explains a difference. */
export function explanationOf(difference: Difference): string | undefined {
  return EXPLAINED.find((each) => each.explains(difference))?.name
}

function judge(tally: Tally, differences: readonly Difference[]): void {
  for (const difference of differences) {
    const name = explanationOf(difference)
    if (name === undefined) tally.unexplained.push(difference)
    else tally.explained.set(name, (tally.explained.get(name) ?? 0) + 1)
  }
}

function count(tally: Tally, reading: Reading, { loads }: Verdict): void {
  tally.documents++
  const isOurs = reading.kind === 'ok' || reading.kind === 'fault'
  if (isOurs && loads.error === undefined) tally.bothAccept++
  if (!isOurs && loads.error !== undefined) tally.bothRefuse++
}

/** What was read is encoded again; both sides have to read that as the same. */
async function checkRoundTrips(peer: Peer, readings: readonly Reading[], tally: Tally): Promise<void> {
  const accepted = readings.flatMap((reading) =>
    'again' in reading && reading.again !== undefined ? [{ reading, document: reading.again }] : [],
  )
  const documents = accepted.map(({ document }) => document)
  const verdicts = await peer.judge(documents)
  for (const [index, document] of documents.entries()) {
    const reading = read(document)
    const verdict = verdicts[index] as Verdict
    const isSame = JSON.stringify(meaning(accepted[index]?.reading)) === JSON.stringify(meaning(reading))
    if (!isSame) tally.unexplained.push({ with: 'ourselves', how: 'broken', reading, verdict, document })
    const differences = differencesOver(document, reading, verdict)
    judge(tally, differences)
    if (isSame && differences.length === 0) tally.roundTrips++
  }
}

function meaning(reading: Reading | undefined): unknown {
  if (reading?.kind === 'ok') return [reading.method, reading.params]
  return reading?.kind === 'fault' ? reading.fault : 'nothing'
}
