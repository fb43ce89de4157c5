// Messages of about 100 bytes from 4 threads to the loop of the main thread.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { MessageChannel, Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { Dispatcher } from '@x/loop-utils/dispatch'
import { interleave, median, quantile, sampleLoopDelay, settle } from './measure.mjs'

const THREADS = 4
const MESSAGES = 400_000
const ROUNDS = 5

/** Starts the workers, lets them send at the same time, and resolves when `received` says that all has come. */
async function measure(kind, connect) {
  const go = new Int32Array(new SharedArrayBuffer(4))
  const workers = []
  const all = Promise.all(
    Array.from({ length: THREADS }, async () => {
      const { port, transferList, done } = connect()
      const worker = new Worker(new URL('./dispatch-threads.worker.mjs', import.meta.url), {
        workerData: { port, go, kind, count: MESSAGES },
        transferList,
      })
      workers.push(worker)
      await once(worker, 'message')
      return done
    }),
  )
  const dones = await all
  const stop = sampleLoopDelay()
  const start = performance.now()
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
  await Promise.all(dones.map((done) => done()))
  const ms = performance.now() - start
  const delays = stop()
  await Promise.all(workers.map((worker) => worker.terminate()))
  await settle()
  return { rate: (THREADS * MESSAGES) / ms, delayP99: quantile(delays, 0.99), delayMax: Math.max(...delays) }
}

async function ours(message) {
  const dispatcher = new Dispatcher()
  let count = 0
  let sum = 0
  let finished
  const isDone = new Promise((resolve) => {
    finished = resolve
  })
  dispatcher.register({
    reading: (value) => {
      sum += message === 'object' ? value.id : value.length
      if (++count === THREADS * MESSAGES) finished(sum)
    },
  })
  const result = await measure(`dispatcher-${message}`, () => {
    const handle = dispatcher.connect()
    return { port: handle, transferList: [...handle.ports], done: async () => isDone }
  })
  await dispatcher.close({ mode: 'discard' })
  return result
}

async function naive(message) {
  let count = 0
  let sum = 0
  let finished
  const isDone = new Promise((resolve) => {
    finished = resolve
  })
  const ports = []
  const handlers = {
    reading: (value) => {
      sum += message === 'object' ? value.id : value.length
      if (++count === THREADS * MESSAGES) finished(sum)
    },
  }
  const result = await measure(`postMessage-${message}`, () => {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1)
    port1.on('message', ({ name, value }) => handlers[name](value))
    return { port: port2, transferList: [port2], done: async () => isDone }
  })
  for (const port of ports) port.close()
  return result
}

/** Python's asyncio with the same number of threads and messages; undefined where there is no Python. */
async function python() {
  const script = fileURLToPath(new URL('./call_soon_threadsafe.py', import.meta.url))
  const child = spawn('python3', [script, String(THREADS), String(MESSAGES / 8)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  try {
    const [code] = await once(child, 'close')
    return code === 0 ? JSON.parse(out) : undefined
  } catch {
    return undefined
  }
}

export async function bench() {
  const results = await interleave(ROUNDS, {
    'ours object': () => ours('object'),
    'naive object': () => naive('object'),
    'ours string': () => ours('string'),
    'naive string': () => naive('string'),
    python,
  })
  const rate = (name) => median(results[name].map((result) => result.rate))
  const delay = (name) =>
    `${median(results[name].map((result) => result.delayP99)).toFixed(1)} ms p99, ${median(results[name].map((result) => result.delayMax)).toFixed(0)} max`
  const rows = ['object', 'string'].map((message) => ({
    what: `4 threads → main, ${message} of 100 B, vs postMessage each`,
    ours: `${(rate(`ours ${message}`) / 1000).toFixed(2)} M/s (loop late ${delay(`ours ${message}`)})`,
    peer: `${(rate(`naive ${message}`) / 1000).toFixed(2)} M/s (loop late ${delay(`naive ${message}`)})`,
    ratio: rate(`ours ${message}`) / rate(`naive ${message}`),
    goal: '≥ 2.5, late ≤ 8 ms p99',
  }))
  if (results.python.includes(undefined)) {
    console.log('skipped: call_soon_threadsafe, since python3 does not run here')
  } else {
    rows.push({
      what: '4 threads → main, object, vs call_soon_threadsafe',
      ours: `${(rate('ours object') / 1000).toFixed(2)} M/s`,
      peer: `${(rate('python') / 1000).toFixed(2)} M/s (loop late ${delay('python')})`,
      ratio: rate('ours object') / rate('python'),
      goal: '≥ 5',
    })
  }
  return rows
}
