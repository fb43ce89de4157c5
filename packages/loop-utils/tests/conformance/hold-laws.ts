import { describe, test } from 'vitest'
import { type ChannelLaw, channelLaws, type LawHostFactory, lawHosts } from '../../src/testing/conformance/index.ts'

const laws = channelLaws.map((law) => [law.name, law] as const)

function assertHolds(law: ChannelLaw, makeHost: LawHostFactory): Promise<void> {
  return law.run(makeHost)
}

/** Tries every law of the channel on hosts of these kinds. */
export function holdLaws(...kinds: readonly (keyof typeof lawHosts)[]): void {
  describe.each(kinds)('on a host of the kind %s', (kind) => {
    test.each(laws)('%s', async (_name, law) => {
      await assertHolds(law, lawHosts[kind])
    })
  })
}
