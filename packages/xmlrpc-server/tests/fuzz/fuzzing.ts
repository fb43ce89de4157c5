import { seeded } from '@x/loop-utils/clock'
import {
  decodeMethodCall,
  decodeMethodResponse,
  MethodCallDecoder,
  MethodResponseDecoder,
  XmlRpcProtocolError,
  type DecodeOptions,
} from '../../src/codec/index.ts'
import { documentSource } from '../differential/comparison.ts'
import type { Document } from '../differential/documents.ts'
import { Mutator } from '../differential/mutation.ts'

/** Something that must not be. */
export interface FuzzFinding {
  readonly what: 'foreign error' | 'offset outside' | 'pieces differ' | 'slow'
  readonly detail: string
  readonly document: Document
}

/** What a run of the fuzzer has seen. */
export interface FuzzTally {
  documents: number
  bytes: number
  accepted: number
  refused: number
  /** CPU time of decoding, in milliseconds. */
  cpuMs: number
  /** The most that a document cost, in milliseconds of CPU for each megabyte, among those of 100 KB and more. */
  dearestMsPerMb: number
  /** The most that was alive on the heap after a collection, in bytes; 0 when it cannot be told. */
  peakHeap: number
  readonly findings: FuzzFinding[]
}

/** How much to try. */
export interface FuzzOptions {
  readonly documents: number
  readonly seed: number
  readonly onProgress?: (tally: FuzzTally) => void
}

const LENIENT: DecodeOptions = {
  encodingFallback: 'windows-1252',
  lenientBooleans: true,
  lenientMethodNames: true,
  nonFiniteDoubles: true,
  doubles: 'tagged',
}
/** Of so many documents one is blown up, so that what is not linear shows. */
const LARGE_EVERY = 200
const LARGE_BYTES = 300_000
/** A megabyte takes some 20 ms; what takes a hundred times as long is not linear. */
const MAX_MS_PER_MB = 2500
const MAX_FINDINGS = 20

/** Decodes generated and mutated documents, whole and in pieces, strictly and leniently. */
export function fuzz({ documents, seed, onProgress }: FuzzOptions): FuzzTally {
  const random = seeded(seed)
  const next = documentSource(random)
  const mutator = new Mutator(random)
  const tally = emptyTally()
  while (tally.documents < documents && tally.findings.length < MAX_FINDINGS) {
    const small = next()
    const isLarge = tally.documents % LARGE_EVERY === LARGE_EVERY - 1
    // mutated once more, since two hundred copies of a document are refused at the second
    const document = isLarge ? { ...small, bytes: mutator.mutate(blownUp(small.bytes, random), small.bytes) } : small
    tryOut(document, tally)
    checkPieces(document, random, tally)
    if (tally.documents % 2000 === 0) weigh(tally)
    onProgress?.(tally)
  }
  return tally
}

/** What one document shows. */
export function examine(document: Document): readonly FuzzFinding[] {
  const tally = emptyTally()
  tryOut(document, tally)
  for (let seed = 1; seed <= 5; seed++) checkPieces(document, seeded(seed), tally)
  return tally.findings
}

function emptyTally(): FuzzTally {
  const counts = { documents: 0, bytes: 0, accepted: 0, refused: 0, cpuMs: 0, dearestMsPerMb: 0, peakHeap: 0 }
  return { ...counts, findings: [] }
}

/** Repeats a stretch of a document until it is large: of elements, of attributes, of text. */
function blownUp(bytes: Uint8Array, random: () => number): Uint8Array {
  const from = Math.floor(random() * bytes.length)
  const stretch = bytes.subarray(from, from + 1 + Math.floor(random() * 60))
  const times = Math.ceil(LARGE_BYTES / Math.max(1, stretch.length))
  const repeated = Buffer.concat(Array.from({ length: times }, () => stretch))
  return Buffer.concat([bytes.subarray(0, from), repeated, bytes.subarray(from)])
}

function tryOut(document: Document, tally: FuzzTally): void {
  const { user, system } = process.cpuUsage()
  const outcome = attempt(() => decode(document, {}))
  const spent = process.cpuUsage({ user, system })
  const cpuMs = (spent.user + spent.system) / 1000
  tally.documents++
  tally.bytes += document.bytes.length
  tally.cpuMs += cpuMs
  tally[outcome instanceof XmlRpcProtocolError ? 'refused' : 'accepted']++
  judge(outcome, document, tally)
  judge(
    attempt(() => decode(document, LENIENT)),
    document,
    tally,
  )
  if (document.bytes.length >= 100_000) noteCost(document, cpuMs, tally)
}

function noteCost(document: Document, cpuMs: number, tally: FuzzTally): void {
  const msPerMb = (cpuMs * 1_000_000) / document.bytes.length
  tally.dearestMsPerMb = Math.max(tally.dearestMsPerMb, msPerMb)
  if (msPerMb < MAX_MS_PER_MB) return
  // once may be a pause of the machine
  const again = [0, 1].map(() => {
    const before = process.cpuUsage()
    attempt(() => decode(document, {}))
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  const least = (Math.min(...again) * 1_000_000) / document.bytes.length
  if (least >= MAX_MS_PER_MB) tally.findings.push({ what: 'slow', detail: `${Math.round(least)} ms/MB`, document })
}

function judge(outcome: unknown, document: Document, tally: FuzzTally): void {
  if (!(outcome instanceof Error)) return
  if (!(outcome instanceof XmlRpcProtocolError)) {
    tally.findings.push({ what: 'foreign error', detail: outcome.stack ?? String(outcome), document })
  } else if (!(outcome.offset >= 0 && outcome.offset <= document.bytes.length)) {
    tally.findings.push({ what: 'offset outside', detail: String(outcome.offset), document })
  }
}

/** The same document in pieces gives the same result, or the same error at the same place. */
function checkPieces(document: Document, random: () => number, tally: FuzzTally): void {
  const whole = attempt(() => decode(document, {}))
  const inPieces = attempt(() => decodeInPieces(document, random))
  if (shown(whole) !== shown(inPieces)) {
    tally.findings.push({
      what: 'pieces differ',
      detail: `${shown(whole)} / ${shown(inPieces)}`.slice(0, 500),
      document,
    })
  }
}

function decode({ kind, bytes }: Document, options: DecodeOptions): unknown {
  return kind === 'call' ? decodeMethodCall(bytes, options) : decodeMethodResponse(bytes, options)
}

function decodeInPieces({ kind, bytes }: Document, random: () => number): unknown {
  const decoder = kind === 'call' ? new MethodCallDecoder() : new MethodResponseDecoder()
  const longest = random() < 0.5 ? 8 : 2000
  // a large document in pieces of a byte would only test patience
  const step = Math.max(longest, bytes.length / 200)
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() * step)
    decoder.push(bytes.subarray(at, at + size))
    at += size
  }
  return decoder.end()
}

function attempt(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

function shown(outcome: unknown): string {
  if (outcome instanceof XmlRpcProtocolError) return `${outcome.reason} at ${outcome.offset}`
  return JSON.stringify(outcome, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

function weigh(tally: FuzzTally): void {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) return
  gc()
  tally.peakHeap = Math.max(tally.peakHeap, process.memoryUsage().heapUsed)
}
