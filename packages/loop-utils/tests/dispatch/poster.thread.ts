import { parentPort, workerData } from 'node:worker_threads'
import { Dispatcher, type Poster, type PosterHandle, attachPoster } from '../../src/dispatch/index.ts'

/** What the main thread of these tests registers. */
export interface TestHandlers {
  readonly [name: string]: (...args: never[]) => unknown
  take(poster: string, value: number): void
  double(value: number): number | Promise<number>
  fail(kind: string): never
  never(): Promise<number>
}

/** What a worker of the dispatch tests is told to do. */
export type PosterPlan = { readonly handle: PosterHandle<TestHandlers>; readonly name: string } & (
  | { readonly job: 'emit'; readonly count: number; readonly pauseEvery?: number }
  | { readonly job: 'post'; readonly count: number }
  | { readonly job: 'mixed'; readonly count: number }
  | {
      readonly job: 'crash'
      readonly count: number
      readonly crashAt: number
      readonly flushEvery: number
      readonly death: 'exit' | 'throw' | 'terminate'
      readonly flushed: SharedArrayBuffer
    }
  | { readonly job: 'call-sync'; readonly count: number }
  | { readonly job: 'call-sync-never'; readonly timeoutMs?: number }
  | { readonly job: 'flood' }
  | { readonly job: 'serve' }
  | { readonly job: 'idle' }
)

const plan = workerData as PosterPlan
const poster: Poster<TestHandlers> = attachPoster(plan.handle)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const tell = (message: unknown): void => parentPort?.postMessage(message)

function die(death: 'exit' | 'throw' | 'terminate'): void {
  if (death === 'exit') process.exit(7)
  if (death === 'throw') throw new Error('thrown on purpose')
  tell('terminate me')
}

function outcome(run: () => unknown): unknown {
  try {
    return { value: run() }
  } catch (error) {
    const { code, name, message } = error as Error & { code?: string }
    return { code, name, message }
  }
}

switch (plan.job) {
  case 'emit':
    for (let i = 0; i < plan.count; i++) {
      poster.emit('take', plan.name, i)
      if (plan.pauseEvery !== undefined && i % plan.pauseEvery === 0) await turn()
    }
    await poster.close()
    tell('closed')
    break
  case 'post':
    for (let i = 0; i < plan.count; i++) await poster.post('take', plan.name, i)
    await poster.close()
    tell('closed')
    break
  case 'mixed': {
    // what was made in this order must run in this order
    const answers: Promise<unknown>[] = []
    for (let i = 0; i < plan.count; i++) {
      if (i % 3 === 0) poster.emit('take', plan.name, i)
      else if (i % 3 === 1) answers.push(poster.post('take', plan.name, i))
      else answers.push(poster.call('take', [plan.name, i]))
      if (i % 50 === 0) await turn()
    }
    await Promise.all(answers)
    await poster.close()
    tell('closed')
    break
  }
  case 'crash': {
    const flushed = new Int32Array(plan.flushed)
    for (let i = 0; i < plan.count; i++) {
      poster.emit('take', plan.name, i)
      if (i % 1000 === 0) poster.call('never', []).catch(tell)
      if (i % plan.flushEvery === 0) {
        poster.flush()
        Atomics.store(flushed, 0, i + 1)
      }
      if (i === plan.crashAt) die(plan.death)
      if (i % 100 === 0) await turn()
    }
    break
  }
  case 'call-sync': {
    let sum = 0
    for (let i = 0; i < plan.count; i++) sum += poster.callSync('double', [i])
    const failure = outcome(() => poster.callSync('fail', ['option']))
    tell({ sum, failure })
    break
  }
  case 'call-sync-never': {
    tell('blocking')
    tell(outcome(() => poster.callSync('never', [], plan.timeoutMs === undefined ? {} : { timeoutMs: plan.timeoutMs })))
    break
  }
  case 'flood': {
    tell('flooding')
    let accepted = 0
    while (poster.emit('take', plan.name, accepted)) accepted++
    tell({ accepted })
    break
  }
  case 'serve': {
    // the other direction: this thread owns a dispatcher, the main thread posts to it
    const own = new Dispatcher({ name: 'in worker' })
    own.register({
      double: (value: number) => value * 2,
      die: () => process.exit(9),
      never: () => new Promise<number>(() => undefined),
      fail: () => {
        throw new RangeError('out of range')
      },
    })
    own.ref()
    const back = own.connect()
    parentPort?.postMessage(back, [...back.ports])
    break
  }
  case 'idle':
    tell('idle')
    setInterval(() => undefined, 10_000)
    break
}
