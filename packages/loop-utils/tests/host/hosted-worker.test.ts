import { EventEmitter } from 'node:events'
import { MessageChannel, type TransferListItem, type Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { ThreadHost, type ThreadHostOptions } from '../../src/channel/index.ts'
import { seeded } from '../../src/clock/index.ts'
import { EngineServer } from '../../src/host/engine-server.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { until } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { quietHandlers } from './quiet-handlers.ts'

/** Serves engines on this loop, and seems to be a thread. */
class LoopWorker extends EventEmitter {
  isRefed = true
  terminations = 0
  /** Whether it ends when it is asked to. */
  isObedient = true
  readonly messages: unknown[] = []
  readonly #port

  constructor(serves = true) {
    super()
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (message) => this.emit('message', message))
    port1.once('close', () => this.exit(0))
    if (serves) new EngineServer(port2, [conformanceEngine]).start()
  }

  postMessage(message: { readonly type: string }, transfer: TransferListItem[] = []): void {
    this.messages.push(message.type)
    if (message.type === 'x:close' && !this.isObedient) return
    this.#port.postMessage(message, transfer)
  }

  ref(): void {
    this.isRefed = true
  }

  unref(): void {
    this.isRefed = false
  }

  async terminate(): Promise<number> {
    this.terminations++
    this.exit(1)
    return 1
  }

  exit(code: number): void {
    if (this.isOver) return
    this.isOver = true
    this.#port.close()
    this.emit('exit', code)
  }

  isOver = false
}

function open(options: Partial<ThreadHostOptions> = {}, serves = true) {
  const workers: LoopWorker[] = []
  const host = new ThreadHost({
    entry: () => {
      const worker = new LoopWorker(serves)
      workers.push(worker)
      return worker as unknown as Worker
    },
    restart: { maxRestarts: 0 },
    ...options,
  })
  const place = (given: object = {}) => host.place(conformanceEngine, given, quietHandlers)
  return { host, place, workers }
}

/** The only worker. */
function one(workers: readonly LoopWorker[]): LoopWorker {
  expect(workers).toHaveLength(1)
  return workers[0] as LoopWorker
}

describe('a worker of a thread host', () => {
  test('keeps the process while an engine is on it, and ends with its host', async () => {
    const { host, place, workers } = open()
    expect([host.mode, host.threads]).toEqual(['thread', 0])
    const link = await place()
    const worker = one(workers)
    expect([worker.isRefed, host.threads, worker.listenerCount('message')]).toEqual([true, 1, 0])
    expect(await link.call('echo', 1)).toBe(1)
    const second = await place()
    await link.close()
    expect(worker.isRefed).toBe(true)
    await second.close()
    expect([worker.isRefed, worker.isOver]).toEqual([false, false])
    await host.close()
    expect([worker.isOver, worker.terminations, host.threads]).toEqual([true, 0, 0])
    expect(worker.messages).toEqual(['x:place', 'x:place', 'x:close'])
    expect(await rejection(place())).toMatchObject({ code: 'LOOP_SERVICE_STATE' })
  })

  test('that does not end when its host does is terminated', async () => {
    const { host, place, workers } = open({ closeTimeoutMs: 2 })
    await place()
    const worker = one(workers)
    worker.isObedient = false
    const closing = host.close()
    expect(host.close()).toBe(closing)
    await closing
    expect([worker.terminations, worker.isOver]).toEqual([1, true])
  })

  test('that exits tells every link with the exit code, and is replaced', async () => {
    const { host, place, workers } = open()
    const links = [await place(), await place()]
    const calls = links.map((link) => rejection(link.call('hang', null)))
    one(workers).exit(7)
    const crash = { code: 'LOOP_WORKER_CRASHED', exitCode: 7, maybeExecuted: true, pendingCalls: 1 }
    expect(await Promise.all(calls)).toMatchObject([crash, crash])
    await until(() => links.every(({ state }) => state === 'down'))
    expect(host.threads).toBe(0)
    expect(await (await place()).call('echo', 2)).toBe(2)
    expect([workers.length, host.threads]).toEqual([2, 1])
    await host.close()
  })

  test('that ends by an error tells of it', async () => {
    const { host, place, workers } = open()
    const link = await place()
    const call = rejection(link.call('hang', null))
    one(workers).emit('error', new RangeError('out of memory'))
    one(workers).exit(1)
    expect(await call).toMatchObject({ exitCode: 1, cause: { message: 'out of memory' } })
    await host.close()
  })

  test('whose only engine hangs as it is disposed of is terminated, and not while another one is there', async () => {
    const { host, place, workers } = open()
    const hanging = [await place({ dispose: 'hang' }), await place({ dispose: 'hang' })]
    const worker = one(workers)
    expect(await hanging[0]?.close({ deadlineMs: 2 })).toMatchObject({ isDisposed: false })
    expect(worker.terminations).toBe(0)
    expect(await hanging[1]?.close({ deadlineMs: 2 })).toMatchObject({ isDisposed: false })
    await until(() => worker.terminations === 1)
    await host.close()
  })

  test('is ready when it says so, and not by anything else that it says', async () => {
    const { host, place, workers } = open({ readyTimeoutMs: 5, name: 'quiet' }, false)
    const placing = rejection(place())
    for (const message of [undefined, null, 'x:ready', {}, { type: 'x:place' }]) one(workers).emit('message', message)
    expect(await placing).toMatchObject({
      code: 'LOOP_TIMEOUT',
      kind: 'call',
      timeoutMs: 5,
      message: expect.stringContaining("start of worker 'quiet'") as string,
    })
    expect([one(workers).terminations, host.threads]).toEqual([1, 0])
    await host.close()
  })

  test('that dies before it is ready rejects the placing', async () => {
    const { host, place, workers } = open({}, false)
    const placing = rejection(place())
    one(workers).emit('error', new TypeError('no module'))
    one(workers).exit(1)
    expect(await placing).toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      exitCode: 1,
      maybeExecuted: false,
      cause: { message: 'no module' },
    })
    await host.close()
  })

  test('is the least loaded one, once there are as many as there may be', async () => {
    const { host, place, workers } = open({ threads: 2 })
    const links = [await place(), await place(), await place()]
    expect(workers.map(({ messages }) => messages.length)).toEqual([2, 1])
    await place()
    expect(workers.map(({ messages }) => messages.length)).toEqual([2, 2])
    await links[1]?.close()
    await place()
    expect(workers.map(({ messages }) => messages.length)).toEqual([2, 3])
    await host[Symbol.asyncDispose]()
    expect(workers.map(({ isOver }) => isOver)).toEqual([true, true])
  })

  test('takes no more engines from its first error on, which is what it died of', async () => {
    const { host, place, workers } = open()
    const link = await place()
    const call = rejection(link.call('hang', null))
    const worker = one(workers)
    worker.emit('error', new RangeError('first'))
    worker.emit('error', new RangeError('second'))
    expect(host.threads).toBe(0)
    expect(await (await place()).call('echo', 1)).toBe(1)
    expect([workers.length, host.threads]).toEqual([2, 1])
    worker.exit(1)
    expect(await call).toMatchObject({ exitCode: 1, cause: { message: 'first' } })
    expect(host.threads).toBe(1)
    await host.close()
  })

  test('that is about to end is waited for by the close of its host', async () => {
    const { host, place, workers } = open()
    const link = await place()
    const worker = one(workers)
    worker.emit('error', new RangeError('out of memory'))
    let isClosed = false
    const closing = host.close().then(() => {
      isClosed = true
    })
    await until(() => link.state === 'down')
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect([isClosed, worker.terminations]).toEqual([false, 0])
    worker.exit(1)
    await closing
    expect(worker.messages).toEqual(['x:place'])
  })

  test('that dies without an error is told of without a cause', async () => {
    const { host, place, workers } = open()
    const calls = [rejection((await place()).call('hang', null))]
    one(workers).exit(3)
    const { host: other, place: placeThere, workers: others } = open({}, false)
    calls.push(rejection(placeThere()))
    one(others).exit(4)
    const crashes = (await Promise.all(calls)) as Error[]
    expect(crashes).toMatchObject([
      { exitCode: 3, maybeExecuted: true },
      { exitCode: 4, maybeExecuted: false },
    ])
    expect(crashes.map((crash) => 'cause' in crash)).toEqual([false, false])
    await Promise.all([host.close(), other.close()])
  })

  test('that exits as it has said that it is ready takes no engine', async () => {
    const { host, place, workers } = open({}, false)
    const placing = rejection(place())
    const worker = one(workers)
    worker.emit('message', { type: 'x:ready' })
    // the host hears of both before it goes on
    worker.exit(5)
    expect(await placing).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 5, maybeExecuted: false })
    expect([worker.messages, host.threads]).toEqual([[], 0])
    await host.close()
  })

  test('that could not take an engine does not count it', async () => {
    const { host, place, workers } = open({ readyTimeoutMs: 2 }, false)
    const placings = [rejection(place()), rejection(place())]
    const worker = one(workers)
    expect(worker.isRefed).toBe(true)
    expect(await Promise.all(placings)).toMatchObject([{ code: 'LOOP_TIMEOUT' }, { code: 'LOOP_TIMEOUT' }])
    expect([worker.isRefed, worker.terminations]).toEqual([false, 1])
    await host.close()
  })

  test('gives each of its engines the numbers of the seed of its host, and others without', async () => {
    const numbersOf = async (options: Partial<ThreadHostOptions>): Promise<unknown[]> => {
      const { host, place } = open(options)
      const links = [await place(), await place()]
      const environments = await Promise.all(links.map((link) => link.call('environment', null)))
      await host.close()
      return environments.map(({ numbers }) => numbers)
    }
    const random = seeded(3)
    const numbers = [random(), random()]
    expect(await numbersOf({ seed: 3 })).toEqual([numbers, numbers])
    const [some, others] = await numbersOf({})
    expect(some).not.toEqual(others)
  })

  test('is asked for an engine with the bounds of its link and what is to be observed', async () => {
    const { host, workers } = open({ link: { highWaterMark: 8, maxPending: 3 } })
    const logs: string[] = []
    const link = await host.place(
      conformanceEngine,
      {},
      { ...quietHandlers, observe: { logLevel: 'warn' }, onLog: (_level, _fields, message) => logs.push(message) },
    )
    await link.call('log', { level: 'info', message: 'too low' })
    await link.call('log', { level: 'warn', message: 'heard' })
    expect(logs).toEqual(['heard'])
    expect(await link.call('fill', 100)).toBe(7)
    const calls = [1, 2, 3].map((n) => link.call('echo', n))
    expect(await rejection(link.call('echo', 4))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 3 })
    expect(await Promise.all(calls)).toEqual([1, 2, 3])
    await host.close()
    expect(one(workers).isOver).toBe(true)
  })
})
