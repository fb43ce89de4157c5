import assert from 'node:assert/strict'
import type { ChannelLaw } from '../channel-law.ts'
import { Rig, until, upTo } from '../rig.ts'

/** Law 2, one ordered stream. */
export const orderLaws: readonly ChannelLaw[] = [
  {
    name: 'nothing is delivered or answered inline',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        let isAnswered = false
        const call = rig.link.call('burst', 3).then(() => {
          isAnswered = true
        })
        assert.deepEqual(rig.ticks, [])
        await Promise.resolve()
        assert.equal(isAnswered, false)
        await call
        assert.deepEqual(rig.ticks, [0, 1, 2])
      }),
  },
  {
    name: 'a call settles after everything that was emitted before its answer',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        assert.equal(await rig.link.call('burst', 5000), 5000)
        assert.deepEqual(rig.ticks, upTo(5000))
        await assert.rejects(rig.link.call('fail', 'typed'))
      }),
  },
  {
    name: 'what is emitted while an engine is made is delivered before the placing resolves',
    run: (makeHost) =>
      Rig.use(makeHost, { options: { firstTicks: 5 } }, async (rig) => {
        assert.deepEqual(rig.ticks, upTo(5))
      }),
  },
  {
    name: 'calls are run and answered in the order in which they were made',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const settled: number[] = []
        await Promise.all(upTo(200).map((n) => link.call('echo', n).then(() => settled.push(n))))
        assert.deepEqual(settled, upTo(200))
      }),
  },
  {
    name: 'a question is asked after everything that was emitted before it',
    run: async (makeHost) => {
      const at: number[] = []
      const rigs: Rig[] = []
      const double = (): number => at.push(rigs[0]?.ticks.length ?? -1)
      await Rig.use(makeHost, { double }, async (rig) => {
        rigs.push(rig)
        await Promise.all([
          rig.link.call('burst', 10),
          rig.link.call('askLater', 0),
          rig.link.call('burst', 10),
          rig.link.call('askLater', 0),
        ])
        assert.deepEqual(at, [10, 20])
      })
    },
  },
  {
    name: 'two engines on one host do not mix',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        const first = rig.link
        await rig.place({ options: { extra: 'second' } })
        const [one, two] = await Promise.all([first.call('options', null), rig.link.call('options', null)])
        assert.deepEqual([one, two], [{}, { extra: 'second' }])
        await first.close()
        assert.equal(await rig.link.call('echo', 1), 1)
      }),
  },
  {
    name: 'a paused link delivers nothing, and everything when it is resumed',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        rig.link.pause()
        const call = rig.link.call('burst', 20)
        await until(() => rig.link.stats.depth >= 20)
        assert.deepEqual(rig.ticks, [])
        rig.link.resume()
        await call
        assert.deepEqual(rig.ticks, upTo(20))
      }),
  },
]
