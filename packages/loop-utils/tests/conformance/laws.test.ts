import { expect, test } from 'vitest'
import { type ChannelLaw, channelLaws, lawHosts, runChannelLaws } from '../../src/testing/conformance/index.ts'
import { holdLaws } from './hold-laws.ts'

holdLaws('loop', 'loop, cloned and frozen')

test('the laws can be tried without a test runner, and a broken one is told', async () => {
  const kept = channelLaws.slice(0, 1)
  const failure = new Error('broken')
  const broken: ChannelLaw = { name: 'never holds', run: () => Promise.reject(failure) }
  expect(await runChannelLaws({ loop: lawHosts.loop }, [...kept, broken])).toEqual([
    { host: 'loop', law: kept[0]?.name, isKept: true },
    { host: 'loop', law: 'never holds', isKept: false, error: failure },
  ])
})
