// A million records of 75 bytes, as routes are, from an engine in a thread to its facade: copied, and as record batches.
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { LoopHost, readRecords, ThreadHost } from '@x/loop-utils/channel'
import { recordsEngine } from './channel-records.engine.mjs'
import { interleave, median, quantile, sampleLoopDelay, settle } from './measure.mjs'

const COUNT = 1_000_000
const SIZE = 75
const ROUNDS = 5

async function measure(host, way) {
  let count = 0
  let sum = 0
  const take = (record) => {
    count++
    sum += record[0]
  }
  const link = await host.place(
    recordsEngine,
    {},
    {
      events: {
        record: ({ bytes }) => take(bytes),
        records: ({ records }) => {
          for (const record of records) take(record)
        },
        batch: (data) => {
          for (const record of readRecords(data)) take(record)
        },
      },
      questions: {},
    },
  )
  const stop = sampleLoopDelay()
  const start = performance.now()
  await link.call(way, { count: COUNT, size: SIZE })
  const ms = performance.now() - start
  const delays = stop()
  if (count !== COUNT) throw new Error(`${count} of ${COUNT} records came`)
  await link.close()
  await settle()
  return { ms, sum, late: quantile(delays, 0.99) }
}

export async function bench() {
  const thread = new ThreadHost({
    entry: () => new Worker(new URL('./channel-records.thread.mjs', import.meta.url)),
  })
  const loop = new LoopHost()
  const results = await interleave(ROUNDS, {
    singly: () => measure(thread, 'copiedSingly'),
    together: () => measure(thread, 'copiedTogether'),
    transferred: () => measure(thread, 'transferred'),
    loop: () => measure(loop, 'transferred'),
    loopSingly: () => measure(loop, 'copiedSingly'),
  })
  await Promise.all([thread.close(), loop.close()])
  if (new Set(Object.values(results).flatMap((rounds) => rounds.map(({ sum }) => sum))).size !== 1) {
    throw new Error('the ways do not agree on the records')
  }
  const ms = (way) => median(results[way].map((result) => result.ms))
  const shown = (way) =>
    `${ms(way).toFixed(0)} ms, ${(COUNT / ms(way) / 1000).toFixed(2)} M/s (loop late ${median(results[way].map(({ late }) => late)).toFixed(1)} ms p99)`
  const row = (what, ours, peer, goal) => ({
    what,
    ours: shown(ours),
    peer: shown(peer),
    ratio: ms(peer) / ms(ours),
    goal,
  })
  return [
    row('1e6 records of 75 B, thread: record batches, vs an event each', 'transferred', 'singly', '≥ 3'),
    row('1e6 records of 75 B, thread: record batches, vs arrays of 1024', 'transferred', 'together', '≥ 2'),
    row('1e6 records of 75 B, loop: record batches, vs an event each', 'loop', 'loopSingly', 'no goal'),
  ]
}
