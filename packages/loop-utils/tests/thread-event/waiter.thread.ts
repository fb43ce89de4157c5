import { parentPort, workerData } from 'node:worker_threads'
import { ThreadEvent } from '../../src/dispatch/index.ts'

const { event, ready, job, timeoutMs } = workerData as {
  readonly event: SharedArrayBuffer
  readonly ready: SharedArrayBuffer
  readonly job: 'wait' | 'wait-sync' | 'set' | 'idle-wait'
  readonly timeoutMs?: number
}
const shared = new ThreadEvent(event)

switch (job) {
  case 'set':
    shared.set()
    break
  case 'wait':
    new ThreadEvent(ready).set()
    parentPort?.postMessage(await shared.wait({ ref: true, ...(timeoutMs === undefined ? {} : { timeoutMs }) }))
    break
  case 'wait-sync':
    new ThreadEvent(ready).set()
    parentPort?.postMessage(shared.waitSync(timeoutMs))
    break
  case 'idle-wait':
    void shared.wait()
    break
}
