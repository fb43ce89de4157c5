import { describe, expect, test } from 'vitest'
import {
  type ChannelLaw,
  channelLaws,
  type LawHostFactory,
  lawHosts,
  runChannelLaws,
} from '../../src/testing/conformance/index.ts'

const laws = channelLaws.map((law) => [law.name, law] as const)

function assertHolds(law: ChannelLaw, makeHost: LawHostFactory): Promise<void> {
  return law.run(makeHost)
}

describe.each(Object.entries(lawHosts))('on a host of the kind %s', (_way, makeHost) => {
  test.each(laws)('%s', async (_name, law) => {
    await assertHolds(law, makeHost)
  })
})

test('the laws can be tried without a test runner, and a broken one is told', async () => {
  const kept = channelLaws.slice(0, 1)
  const failure = new Error('broken')
  const broken: ChannelLaw = { name: 'never holds', run: () => Promise.reject(failure) }
  expect(await runChannelLaws({ loop: lawHosts.loop }, [...kept, broken])).toEqual([
    { host: 'loop', law: kept[0]?.name, isKept: true },
    { host: 'loop', law: 'never holds', isKept: false, error: failure },
  ])
})
