// A call from a worker to the main thread and back, with nothing else going on.
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Dispatcher } from '@x/loop-utils/dispatch'

export async function bench() {
  const dispatcher = new Dispatcher()
  dispatcher.register({ echo: (value) => value })
  const handle = dispatcher.connect()
  const { port1, port2 } = new MessageChannel()
  port1.on('message', ({ id, value }) => port1.postMessage({ id, value }))
  const worker = new Worker(new URL('./call-round-trip.worker.mjs', import.meta.url), {
    workerData: { handle, raw: port2 },
    transferList: [...handle.ports, port2],
  })
  const [result] = await once(worker, 'message')
  await worker.terminate()
  port1.close()
  await dispatcher.close({ mode: 'discard' })
  const shown = ({ p50, p99 }) => `${p50.toFixed(1)} µs p50, ${p99.toFixed(1)} p99`
  return [
    {
      what: 'call worker → main → worker, vs raw postMessage',
      ours: shown(result.call),
      peer: shown(result.raw),
      ratio: result.call.p50 / result.raw.p50,
      goal: 'p50 ≤ 30 µs',
    },
    {
      what: 'callSync worker → main, vs raw postMessage',
      ours: shown(result.callSync),
      peer: shown(result.raw),
      ratio: result.callSync.p50 / result.raw.p50,
      goal: 'p50 ≤ 30 µs',
    },
  ]
}
