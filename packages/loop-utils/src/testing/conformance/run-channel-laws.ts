import type { ChannelLaw, LawHostFactory } from './channel-law.ts'
import { channelLaws } from './channel-laws.ts'
import { lawHosts } from './law-hosts.ts'

/** What came of one law on one kind of host. */
export interface LawOutcome {
  /** The kind of host, as the caller names it. */
  readonly host: string
  readonly law: string
  readonly isKept: boolean
  /** Why it is broken. */
  readonly error?: unknown
}

/** Tries laws on kinds of hosts, one after the other, without a test runner. Default: all laws, in all three ways. */
export async function runChannelLaws(
  hosts: Readonly<Record<string, LawHostFactory>> = lawHosts,
  laws: readonly ChannelLaw[] = channelLaws,
): Promise<readonly LawOutcome[]> {
  const outcomes: LawOutcome[] = []
  for (const [host, makeHost] of Object.entries(hosts)) {
    for (const law of laws) outcomes.push({ host, law: law.name, ...(await outcomeOf(law, makeHost)) })
  }
  return outcomes
}

async function outcomeOf(law: ChannelLaw, makeHost: LawHostFactory): Promise<Pick<LawOutcome, 'isKept' | 'error'>> {
  try {
    await law.run(makeHost)
    return { isKept: true }
  } catch (error) {
    return { isKept: false, error }
  }
}
