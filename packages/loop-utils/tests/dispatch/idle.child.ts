// Run as a process of its own by idle-cost.test.ts: tells on stdout what it saw, and must end by itself.
import { performance } from 'node:perf_hooks'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Dispatcher, type PosterHandle, ThreadEvent, attachPoster } from '../../src/dispatch/index.ts'

const IDLE_MS = 400

function loopTurns(): number {
  const { nodeTiming } = performance as unknown as { nodeTiming: { uvMetricsInfo: { loopCount: number } } }
  return nodeTiming.uvMetricsInfo.loopCount
}

/** Turns of this thread's loop while nothing happens. */
async function turnsWhileIdle(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = loopTurns()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  return loopTurns() - before
}

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

async function main(kind: string | undefined): Promise<void> {
  const dispatcher = new Dispatcher()
  let answers = 0
  dispatcher.register({ take: () => ++answers, report: (turns: number) => tell({ workerTurns: turns }) })
  const handle = dispatcher.connect()
  const worker = new Worker(new URL(import.meta.url), { workerData: handle, transferList: [...handle.ports] })
  await new Promise((resolve) => worker.once('message', resolve))
  // the worker lives on, but shall not be what keeps this process alive
  worker.unref()
  dispatcher.post(() => ++answers)
  const waiting = new ThreadEvent().wait({ ref: kind === 'event' })
  if (kind === 'ref') dispatcher.ref()
  if (kind === 'quiet') {
    const mine = turnsWhileIdle()
    worker.postMessage('measure')
    tell({ mainTurns: await mine })
    // the worker's report comes through the dispatcher
    dispatcher.ref()
    await new Promise((resolve) => worker.once('message', resolve))
    await dispatcher.drain()
    dispatcher.unref()
  }
  if (kind === 'ref' || kind === 'event') {
    setTimeout(() => {
      tell({ isAlive: true })
      process.exit(0)
    }, IDLE_MS).unref()
    // held by the dispatcher or the event alone: the timer is unreferenced
    await waiting
    return
  }
  process.on('exit', () => tell({ answers }))
}

if (isMainThread) {
  await main(process.argv[2])
} else {
  const poster = attachPoster(workerData as PosterHandle)
  await poster.call('take', [])
  const measure = async (): Promise<void> => {
    const turns = await turnsWhileIdle()
    poster.emit('report', turns as never)
    poster.flush()
    parentPort?.postMessage('measured')
  }
  parentPort?.on('message', () => void measure())
  parentPort?.postMessage('ready')
}
