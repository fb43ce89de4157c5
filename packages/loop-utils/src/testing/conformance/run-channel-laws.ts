import { channelLaws } from './channel-laws.ts'
import { lawHosts } from './law-hosts.ts'

/** What came of one law in one way. */
export interface LawOutcome {
  readonly way: string
  readonly law: string
  /** Why it is broken; undefined when it holds. */
  readonly error?: unknown
}

/** Tries every law in all three ways, one after the other, without a test runner. */
export async function runChannelLaws(): Promise<readonly LawOutcome[]> {
  const outcomes: LawOutcome[] = []
  for (const [way, makeHost] of Object.entries(lawHosts)) {
    for (const law of channelLaws) {
      try {
        await law.run(makeHost)
        outcomes.push({ way, law: law.name })
      } catch (error) {
        outcomes.push({ way, law: law.name, error })
      }
    }
  }
  return outcomes
}
