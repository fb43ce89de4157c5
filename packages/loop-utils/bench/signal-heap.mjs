// Ten million calls on one signal: whether as many listeners are removed as are added, and whether the heap stays flat.
//   node --expose-gc bench/signal-heap.mjs [calls]     (200000 for a short run)
import { getEventListeners } from 'node:events'
import { CircuitBreaker } from '@x/loop-utils/breaker'
import { compose, timeoutPolicy } from '@x/loop-utils/policy'
import { retryPolicy } from '@x/loop-utils/retry'

const SAMPLES = 20

const { signal } = new AbortController()
const counts = { added: 0, removed: 0 }
const add = signal.addEventListener.bind(signal)
const remove = signal.removeEventListener.bind(signal)
signal.addEventListener = (...given) => {
  counts.added++
  add(...given)
}
signal.removeEventListener = (...given) => {
  counts.removed++
  remove(...given)
}

const policy = compose(retryPolicy({ maxAttempts: 1 }), new CircuitBreaker(), timeoutPolicy(60_000))
const kinds = [
  async () => 1,
  // looks at its signal
  async (context) => context.signal.aborted,
  // outlives the turn of the loop, so that a timer is set
  () => new Promise((resolve) => setImmediate(resolve)),
  () => Promise.reject(new Error('own')),
]

/** The heap in MiB once what can be freed is freed. */
async function heap() {
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

async function run(calls) {
  for (let call = 0; call < calls; call++) {
    // one in sixteen is of another kind than the plain one
    const kind = kinds[call % 16 < 3 ? (call % 16) + 1 : 0]
    await policy.execute(kind, { signal }).catch(() => {})
  }
}

const calls = Number(process.argv[2] ?? 10_000_000)
await run(Math.min(calls, 100_000))
const start = await heap()
const heaps = []
for (let sample = 0; sample < SAMPLES; sample++) {
  await run(Math.ceil(calls / SAMPLES))
  heaps.push(await heap())
}
const grown = Math.max(...heaps) - start
const left = getEventListeners(signal, 'abort').length
console.log(`${calls} calls on one signal: ${counts.added} listeners added, ${counts.removed} removed, ${left} left`)
console.log(`heap ${start.toFixed(2)} MiB at the start, then ${heaps.map((mib) => mib.toFixed(2)).join(' ')}`)
const isFlat = globalThis.gc === undefined || grown < 1
if (globalThis.gc === undefined) console.log('heap not judged: run with --expose-gc')
console.log(counts.added === counts.removed && left === 0 && isFlat ? 'flat' : `NOT FLAT: ${grown.toFixed(2)} MiB more`)
if (counts.added !== counts.removed || left > 0 || !isFlat) process.exitCode = 1
