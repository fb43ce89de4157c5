// Decodes generated and mutated documents. Usage: pnpm fuzz [documents] [seed]. Exits with 1 when something was found.
import { minimize } from '../differential/minimal.ts'
import { examine, fuzz } from './fuzzing.ts'

const [documents = '200000', seed = '1'] = process.argv.slice(2).filter((argument) => argument !== '--')
let shownAt = 0
let heapAtFirst = 0
const tally = fuzz({
  documents: Number(documents),
  seed: Number(seed),
  onProgress: ({ documents: done, peakHeap }) => {
    if (heapAtFirst === 0 && done > 20_000) heapAtFirst = peakHeap
    if (done - shownAt < 50_000) return
    shownAt = done
    console.error(`${done} documents …`)
  },
})

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
console.log(
  `${tally.documents} documents, ${mb(tally.bytes)}, seed ${seed}: ${tally.accepted} accepted, ${tally.refused} refused`,
)
console.log(
  `decoding took ${Math.round(tally.cpuMs)} ms of CPU; the dearest large document ${tally.dearestMsPerMb.toFixed(0)} ms/MB`,
)
if (tally.peakHeap > 0)
  console.log(`heap after collections: at most ${mb(tally.peakHeap)}, ${mb(heapAtFirst)} over the first 20,000`)
console.log(`${tally.findings.length} findings`)
for (const { what, detail, document } of tally.findings) {
  const { bytes } =
    document.bytes.length > 20_000
      ? document
      : await minimize(document, async (smaller) => examine(smaller).some((finding) => finding.what === what))
  console.log(
    `\n${what}, a ${document.kind}: ${JSON.stringify(Buffer.from(bytes).toString('latin1')).slice(0, 2000)}\n  ${detail}`,
  )
}
if (tally.findings.length > 0) process.exitCode = 1
