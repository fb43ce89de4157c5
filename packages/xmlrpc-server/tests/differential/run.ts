// Compares the decoder with CPython's xmlrpc.client and with a strict reader in Python, over generated and mutated
// documents. Usage: pnpm differential [documents] [seed]. Exits with 1 when a difference has no explanation.
import { compare, explanationOf } from './comparison.ts'
import { differencesOver, type Difference } from './differences.ts'
import type { Document } from './documents.ts'
import { EXPLAINED } from './explained.ts'
import { minimize } from './minimal.ts'
import { Peer } from './peer.ts'
import { read } from './reading.ts'

const [documents = '120000', seed = '1'] = process.argv.slice(2).filter((argument) => argument !== '--')

await using peer = new Peer()
const startedAt = performance.now()
let shownAt = 0
const tally = await compare(peer, {
  documents: Number(documents),
  seed: Number(seed),
  onProgress: ({ documents: done }) => {
    if (done - shownAt < 20_000) return
    shownAt = done
    console.error(`${done} documents …`)
  },
})

console.log(`${tally.documents} documents, seed ${seed}, ${Math.round((performance.now() - startedAt) / 1000)} s`)
console.log(`${tally.bothAccept} accepted by both, ${tally.bothRefuse} refused by both`)
console.log(`${tally.roundTrips} encoded again and read as the same by both`)
for (const { name, policy } of EXPLAINED) {
  console.log(`${String(tally.explained.get(name) ?? 0).padStart(7)}  ${name}: ${policy}`)
}
console.log(`${tally.unexplained.length} differences without an explanation`)
for (const difference of tally.unexplained) await show(difference)
if (tally.unexplained.length > 0) process.exitCode = 1

async function show(difference: Difference): Promise<void> {
  const isAlike = async (document: Document): Promise<boolean> => {
    const [verdict] = await peer.judge([document])
    if (verdict === undefined) return false
    return differencesOver(document, read(document), verdict).some(
      (each) => each.with === difference.with && each.how === difference.how && explanationOf(each) === undefined,
    )
  }
  const { kind, bytes } = await minimize(difference.document, isAlike)
  const [verdict] = await peer.judge([{ kind, bytes }])
  const ours = read({ kind, bytes })
  console.log(
    `\n${difference.with}: ${difference.how}, a ${kind}: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`,
  )
  console.log(`  ours: ${'error' in ours ? String(ours.error) : JSON.stringify({ ...ours, again: undefined })}`)
  console.log(`  theirs: ${JSON.stringify(verdict)}`)
}
