import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { attachPoster } from '@x/loop-utils/dispatch'
import { interleave, median, quantile } from './measure.mjs'

const CALLS = 5000
const ROUNDS = 5
const { handle, raw } = workerData
const poster = attachPoster(handle)
const value = { id: 1, kind: 'reading', address: 'ABC1234567:1', value: 21.5, text: 'x'.repeat(40) }

async function times(once) {
  const micros = []
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now()
    await once(i)
    micros.push((performance.now() - start) * 1000)
  }
  return { p50: quantile(micros, 0.5), p99: quantile(micros, 0.99) }
}

let answered
raw.on('message', (message) => answered(message))
const ping = (id) =>
  new Promise((resolve) => {
    answered = resolve
    raw.postMessage({ id, value })
  })

const results = await interleave(ROUNDS, {
  raw: () => times(ping),
  call: () => times(() => poster.call('echo', [value])),
  callSync: () => times(() => poster.callSync('echo', [value])),
})
const summary = Object.fromEntries(
  Object.entries(results).map(([name, rounds]) => [
    name,
    { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) },
  ]),
)
parentPort.postMessage(summary)
