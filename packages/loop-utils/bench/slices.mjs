// A million callbacks of about half a microsecond, run in slices by a dispatcher, and in one go from an array.
import { performance } from 'node:perf_hooks'
import { Dispatcher } from '@x/loop-utils/dispatch'
import { interleave, median, quantile, sampleLoopDelay, settle } from './measure.mjs'

const CALLBACKS = 1_000_000
const ROUNDS = 5

let sink = 0

/** About half a microsecond of work. */
function callback(seed) {
  let x = seed | 1
  for (let i = 0; i < 440; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0
  sink ^= x
}

async function sliced() {
  const dispatcher = new Dispatcher({ capacity: CALLBACKS + 1 })
  const stop = sampleLoopDelay()
  const start = performance.now()
  for (let i = 0; i < CALLBACKS; i++) dispatcher.post(callback, i)
  const posted = performance.now() - start
  await dispatcher.drain()
  const ms = performance.now() - start
  // the posting itself is one piece of work of this loop, which no dispatcher can cut
  const delays = stop().filter((delay) => delay < posted)
  await dispatcher.close()
  await settle()
  return { ms, delayP99: quantile(delays, 0.99) }
}

async function inOneGo() {
  const stop = sampleLoopDelay()
  const start = performance.now()
  const queue = []
  for (let i = 0; i < CALLBACKS; i++) queue.push({ fn: callback, args: [i] })
  await new Promise((resolve) => setImmediate(resolve))
  for (const { fn, args } of queue) fn(...args)
  const ms = performance.now() - start
  const delays = stop()
  await settle()
  return { ms, delayP99: Math.max(...delays) }
}

export async function bench() {
  const results = await interleave(ROUNDS, { sliced, inOneGo })
  const ms = (name) => median(results[name].map((result) => result.ms))
  const delay = (name) => median(results[name].map((result) => result.delayP99))
  return [
    {
      what: '1e6 callbacks of 0.5 µs in slices, vs in one go',
      ours: `${ms('sliced').toFixed(0)} ms (loop late ${delay('sliced').toFixed(1)} ms p99)`,
      peer: `${ms('inOneGo').toFixed(0)} ms (loop late ${delay('inOneGo').toFixed(0)} ms)`,
      ratio: ms('sliced') / ms('inOneGo'),
      goal: '≤ 1.1',
    },
  ]
}
