import { describe, test } from 'vitest'
import { type ChannelLaw, channelLaws, type LawHostFactory, lawHosts } from '../../src/testing/conformance/index.ts'

const laws = channelLaws.map((law) => [law.name, law] as const)

function assertHolds(law: ChannelLaw, makeHost: LawHostFactory): Promise<void> {
  return law.run(makeHost)
}

describe.each(Object.entries(lawHosts))('on a host of the kind %s', (_way, makeHost) => {
  test.each(laws)('%s', async (_name, law) => {
    await assertHolds(law, makeHost)
  })
})
