import type { Document } from './documents.ts'
import { split } from './mutation.ts'

/** Most documents that are tried while one is made smaller. */
const MAX_TRIALS = 600

/**
 * Makes a document smaller as long as it still shows what it shows: leaves out runs of its tags and texts, then runs of
 * its bytes.
 */
export async function minimize(document: Document, shows: (document: Document) => Promise<boolean>): Promise<Document> {
  let trials = 0
  const still = async (parts: readonly Uint8Array[]): Promise<boolean> => {
    trials++
    return trials <= MAX_TRIALS && shows({ kind: document.kind, bytes: Buffer.concat(parts) })
  }
  const tokens = await shrink(split(document.bytes), still)
  const bytes = await shrink(
    Array.from(Buffer.concat(tokens), (byte) => Buffer.of(byte)),
    still,
  )
  return { kind: document.kind, bytes: Buffer.concat(bytes) }
}

async function shrink(
  given: readonly Uint8Array[],
  still: (parts: readonly Uint8Array[]) => Promise<boolean>,
): Promise<readonly Uint8Array[]> {
  let parts = given
  for (let size = Math.ceil(parts.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < parts.length;) {
      const fewer = [...parts.slice(0, at), ...parts.slice(at + size)]
      if (await still(fewer)) parts = fewer
      else at += size
    }
  }
  return parts
}
