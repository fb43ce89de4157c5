import type { SentDescription } from '../sent-description.ts'
import type { CallbackOutcome } from './callback-client.ts'

/** What a callback server is to be told after it answered `listDevices`. */
export interface DeviceDifference {
  /** Descriptions that it did not name, or named with another VERSION. */
  readonly added: readonly SentDescription[]
  /** Addresses that it named and that are no more. */
  readonly deleted: readonly string[]
}

/** Compares what a callback server knows with what there is. A fault or nonsense counts as knowing nothing. */
export function newDevicesFor(answer: CallbackOutcome, descriptions: readonly SentDescription[]): DeviceDifference {
  const known = readKnown(answer)
  const present = new Set(descriptions.map(({ ADDRESS }) => ADDRESS))
  return {
    added: descriptions.filter(({ ADDRESS, VERSION }) => known.get(ADDRESS) !== VERSION),
    deleted: [...known.keys()].filter((address) => !present.has(address)),
  }
}

function readKnown(answer: CallbackOutcome): ReadonlyMap<string, unknown> {
  const known = new Map<string, unknown>()
  if (answer.kind !== 'answered' || !Array.isArray(answer.value)) return known
  for (const entry of answer.value as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue
    const { ADDRESS, VERSION } = entry as Readonly<Record<string, unknown>>
    if (typeof ADDRESS === 'string') known.set(ADDRESS, VERSION)
  }
  return known
}
