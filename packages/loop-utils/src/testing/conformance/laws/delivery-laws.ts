import assert from 'node:assert/strict'
import type { ChannelLaw } from '../channel-law.ts'
import { Rig, until, upTo } from '../rig.ts'

const NARROW = { host: { link: { highWaterMark: 16 } } } as const

interface Level {
  readonly key: string
  readonly value: number
}

/** Law 4, a delivery class for every event. */
export const deliveryLaws: readonly ChannelLaw[] = [
  {
    name: 'at the high-water mark a lossless event is accepted, and emit says to stop',
    run: (makeHost) =>
      Rig.use(makeHost, NARROW, async (rig) => {
        rig.link.pause()
        const filling = rig.link.call('fill', 100)
        await until(() => rig.link.stats.depth >= 17) // 16 events and the answer
        rig.link.resume()
        assert.equal(await filling, 15)
        assert.deepEqual(rig.ticks, upTo(16))
      }),
  },
  {
    name: 'an engine that stops at the high-water mark goes on when the facade has caught up, and loses nothing',
    run: (makeHost) =>
      Rig.use(makeHost, NARROW, async (rig) => {
        let deepest = 0
        const watch = setInterval(() => {
          deepest = Math.max(deepest, rig.link.stats.depth)
        }, 1)
        const { stops } = await rig.link.call('flow', { count: 1000 })
        clearInterval(watch)
        assert.ok(stops > 0)
        assert.deepEqual(rig.ticks, upTo(1000))
        assert.ok(deepest <= 17, `depth ${deepest}`)
      }),
  },
  {
    name: 'replies and lossless events pass beyond the high-water mark',
    run: (makeHost) =>
      Rig.use(makeHost, NARROW, async (rig) => {
        assert.equal(await rig.link.call('burst', 500), 500)
        assert.deepEqual(rig.ticks, upTo(500))
      }),
  },
  {
    name: 'a newer latest event replaces the undelivered one of its key',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        rig.link.pause()
        const calls = ['a', 'b'].map((key) => rig.link.call('level', { key, values: upTo(500), every: 10 }))
        await until(() => rig.link.stats.depth >= 4) // two levels, two answers
        rig.link.resume()
        await Promise.all(calls)
        await until(() => rig.of<Level>('level').filter(({ value }) => value === 499).length === 2)
        for (const key of ['a', 'b']) {
          const values = rig.of<Level>('level').filter((level) => level.key === key)
          assert.ok(values.length <= 3, `${values.length} of 500 values of ${key} were delivered`)
          assert.equal(values.at(-1)?.value, 499)
        }
      }),
  },
  {
    name: 'a latest event is delivered before what was emitted after it, and in ascending order',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        for (let round = 0; round < 20; round++) {
          const values = [0, 1, 2, 3, 4].map((n) => round * 5 + n)
          await Promise.all([
            rig.link.call('level', { values, every: 2, tick: true }),
            rig.link.call('burst', round % 3),
          ])
          // the answer came after the last value
          assert.equal(rig.of<Level>('level').at(-1)?.value, round * 5 + 4)
        }
        const values = rig.of<Level>('level').map(({ value }) => value)
        assert.deepEqual(
          values,
          [...values].sort((a, b) => a - b),
        )
        const last = rig.seen.findLastIndex(([event]) => event === 'tick')
        const level = rig.seen.findLastIndex(([event]) => event === 'level')
        assert.ok(level < last)
      }),
  },
  {
    name: 'a latest event reaches an idle facade without anything behind it',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        await rig.link.call('level', { values: [1], every: 1 })
        await rig.link.call('level', { values: [2, 3], every: 9 })
        await until(() => rig.of<Level>('level').at(-1)?.value === 3)
      }),
  },
  {
    name: 'lossy events are dropped at the high-water mark, and the facade learns how many',
    run: (makeHost) =>
      Rig.use(makeHost, NARROW, async (rig) => {
        rig.link.pause()
        const call = rig.link.call('noise', 100)
        await until(() => rig.link.stats.depth >= 17) // 16 events and the answer
        rig.link.resume()
        const refused = await call
        await until(() => rig.link.stats.dropped['noise'] === refused)
        assert.ok(refused >= 80)
        assert.deepEqual(rig.of('noise'), upTo(100 - refused))
      }),
  },
  {
    name: 'log lines are dropped at the high-water mark, and the facade learns how many',
    run: (makeHost) =>
      Rig.use(makeHost, { ...NARROW, handlers: { observe: { logLevel: 'debug' } } }, async (rig) => {
        rig.link.pause()
        const calls = [rig.link.call('fill', 100), rig.link.call('log', { level: 'info', message: 'lost' })]
        await until(() => rig.link.stats.depth >= 18)
        rig.link.resume()
        await Promise.all(calls)
        await until(() => rig.link.stats.dropped['(observations)'] === 1)
        await rig.link.call('log', { level: 'info', message: 'kept' })
        assert.deepEqual(
          rig.logs.map(({ message }) => message),
          ['kept'],
        )
      }),
  },
]
