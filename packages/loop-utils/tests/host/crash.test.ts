import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { type EngineLink, type LinkState, ThreadHost, type ThreadHostOptions } from '../../src/channel/index.ts'
import { WorkerCrashedError } from '../../src/errors/index.ts'
import type { ConformanceContract } from '../../src/testing/conformance/conformance-contract.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { startConformanceWorker } from '../../src/testing/conformance/index.ts'
import { until, upTo } from '../../src/testing/conformance/rig.ts'

type Link = EngineLink<ConformanceContract>

const hosts: ThreadHost[] = []
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()))
})

interface Watched {
  readonly host: ThreadHost
  readonly link: Link
  readonly workers: Worker[]
  readonly states: (readonly [state: LinkState, cause: Error | undefined])[]
  /** Ticks of each life of the engine. */
  readonly lives: number[][]
  readonly order: string[]
}

async function placeWatched(
  options: Partial<ThreadHostOptions> = {},
  replay: (link: Link) => void | Promise<void> = () => undefined,
): Promise<Watched> {
  const workers: Worker[] = []
  const host = new ThreadHost({
    entry: () => {
      const worker = startConformanceWorker()
      workers.push(worker)
      return worker
    },
    ...options,
  })
  hosts.push(host)
  const states: Watched['states'] = []
  const lives: number[][] = []
  const order: string[] = []
  const link = await host.place(
    conformanceEngine,
    {},
    {
      events: {
        tick: ({ seq }) => {
          if (seq === 0) lives.push([])
          lives.at(-1)?.push(seq)
          order.push('tick')
        },
        value: () => undefined,
        level: () => undefined,
        noise: () => undefined,
        records: () => undefined,
        farewell: () => order.push('farewell'),
      },
      questions: { double: (value) => value },
      onState: (state, cause) => {
        states.push([state, cause])
        order.push(state)
      },
      replay: async (fresh) => {
        order.push('replay')
        await replay(fresh)
      },
    },
  )
  return { host, link, workers, states, lives, order }
}

/** How a worker is brought down from inside or outside. */
const DEATHS: readonly (readonly [string, (watched: Watched) => void, { exitCode: number; cause?: string }])[] = [
  ['process.exit()', ({ link }) => void link.call('die', 'exit').catch(() => undefined), { exitCode: 7 }],
  [
    'an uncaught error',
    ({ link }) => void link.call('die', 'throw').catch(() => undefined),
    { exitCode: 1, cause: 'died by throw' },
  ],
  [
    'a rejection that nobody awaits',
    ({ link }) => void link.call('die', 'reject').catch(() => undefined),
    { exitCode: 1, cause: 'died by reject' },
  ],
  ['terminate()', ({ workers }) => void workers[0]?.terminate(), { exitCode: 1 }],
]

describe.each(DEATHS)('when the worker ends by %s', (name, kill, expected) => {
  test('pending calls reject with WorkerCrashedError, and events flow again', async () => {
    const watched = await placeWatched({}, async (fresh) => {
      await fresh.call('startTicking', null)
    })
    const { link, lives, order, states } = watched
    await link.call('startTicking', null)
    const hanging = link.call('hang', null)
    await until(() => (lives[0]?.length ?? 0) > 5)
    let exitedAt = 0
    watched.workers[0]?.once('exit', () => {
      exitedAt = performance.now()
    })
    kill(watched)
    const error = await hanging.catch((reason: unknown) => reason)
    const afterMs = performance.now() - exitedAt
    console.log(`${name}: pending call rejected ${afterMs.toFixed(2)} ms after the exit`)
    expect(afterMs).toBeLessThan(2000)
    expect(error).toBeInstanceOf(WorkerCrashedError)
    const crash = error as WorkerCrashedError
    expect(crash).toMatchObject({ code: 'LOOP_WORKER_CRASHED', maybeExecuted: true, exitCode: expected.exitCode })
    expect((crash.cause as Error | undefined)?.message).toBe(expected.cause)
    expect(crash.pendingCalls).toBeGreaterThan(0)

    await until(() => link.state === 'up' && (lives[1]?.length ?? 0) > 5)
    expect(states.map(([state]) => state)).toEqual(['restarting', 'up'])
    expect(states[0]?.[1]).toBe(crash)
    expect(link.stats.restarts).toBe(1)
    // each life: a prefix, nothing missing, doubled or out of order
    for (const ticks of lives) expect(ticks).toEqual(upTo(ticks.length))
    // the old life is over before the new one begins, and the replay before the link is up
    const restarting = order.indexOf('restarting')
    expect(order.slice(restarting).filter((entry) => entry !== 'tick')).toEqual(['restarting', 'replay', 'up'])
    expect(order.slice(0, restarting).every((entry) => entry === 'tick')).toBe(true)
    expect(await link.call('echo', 'alive')).toBe('alive')
    expect((await link.close()).isDisposed).toBe(true)
  })
})

test.each(['exit', 'throw', 'reject'] as const)('what was committed before a death by %s is delivered', async (how) => {
  const { link, lives } = await placeWatched({ restart: { maxRestarts: 0 } })
  await expect(link.call('burstAndDie', { count: 3000, how })).rejects.toBeInstanceOf(WorkerCrashedError)
  expect(lives[0]).toEqual(upTo(3000))
})

test('a worker that runs out of memory is a crash like any other', async () => {
  const { link, states } = await placeWatched({
    entry: () =>
      startConformanceWorker({ resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } }),
  })
  const error: unknown = await link.call('exhaustMemory', null).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(WorkerCrashedError)
  expect((error as WorkerCrashedError).cause).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' })
  expect(await link.call('echo', 1)).toBe(1)
  expect(states.map(([state]) => state)).toEqual(['restarting', 'up'])
})

test('while the link is paused a crash rejects pending calls all the same, and its events wait', async () => {
  const { link, lives, order } = await placeWatched({}, (fresh) => fresh.call('burst', 2).then(() => undefined))
  link.pause()
  const dying = link.call('burstAndDie', { count: 40, how: 'exit' })
  await expect(dying).rejects.toBeInstanceOf(WorkerCrashedError)
  const held = link.call('echo', 'held')
  await delay(30)
  expect(order).toEqual([])
  link.resume()
  expect(await held).toBe('held')
  expect(lives).toEqual([upTo(40), upTo(2)])
})

describe('calls that are made while the engine is away', () => {
  test('wait, run in order after the replay, and keep their signals and timeouts', async () => {
    let release: (() => void) | undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { link } = await placeWatched({}, () => gate)
    await link.call('die', 'exit').catch(() => undefined)
    await until(() => link.state === 'restarting')
    const controller = new AbortController()
    const settled: unknown[] = []
    const calls = [1, 2, 3].map((n) => link.call('echo', n).then((value) => settled.push(value)))
    const left = link.call('remaining', null, { timeoutMs: 60_000 })
    const aborted = link.call('burst', 1, { signal: controller.signal })
    const late = link.call('echo', 4, { timeoutMs: 20 })
    expect(link.stats.pendingCalls).toBe(6)
    controller.abort('never mind')
    await expect(aborted).rejects.toBe('never mind')
    await expect(late).rejects.toMatchObject({ code: 'LOOP_TIMEOUT', timeoutMs: 20 })
    await expect(link.call('echo', () => undefined)).rejects.toMatchObject({ code: 'LOOP_NOT_PLAIN' })
    release?.()
    await Promise.all(calls)
    expect(settled).toEqual([1, 2, 3])
    expect(await left).toBeLessThan(60_000)
  })

  test('are cancelled in the engine when they were sent on meanwhile', async () => {
    const { link } = await placeWatched()
    await link.call('die', 'exit').catch(() => undefined)
    const controller = new AbortController()
    const hanging = link.call('hang', null, { signal: controller.signal })
    await link.call('echo', 1)
    controller.abort('enough')
    await expect(hanging).rejects.toBe('enough')
    expect((await link.call('cancellations', null)).cancelled).toBe(1)
  })

  test('fail as their engine makes them fail', async () => {
    const { link } = await placeWatched()
    await link.call('die', 'exit').catch(() => undefined)
    await expect(link.call('fail', 'typed')).rejects.toMatchObject({ code: 'CONFORMANCE_REFUSED' })
  })

  test('reject when the link is closed instead', async () => {
    const { link } = await placeWatched({}, () => new Promise(() => undefined))
    await link.call('die', 'exit').catch(() => undefined)
    await until(() => link.state === 'restarting')
    const held = link.call('echo', 1)
    const closing = link.close({ deadlineMs: 100 })
    await expect(held).rejects.toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    expect((await closing).rejectedCalls).toBe(1)
  })
})

describe('giving up', () => {
  test('takes the link down with the cause after too many restarts', async () => {
    const { link, states } = await placeWatched({ restart: { maxRestarts: 2 } })
    for (let crash = 0; crash < 3; crash++) await link.call('die', 'throw').catch(() => undefined)
    await until(() => link.state === 'down')
    expect(states.map(([state]) => state)).toEqual(['restarting', 'up', 'restarting', 'up', 'down'])
    const cause = states.at(-1)?.[1]
    expect(cause).toBeInstanceOf(WorkerCrashedError)
    const refused: unknown = await link.call('echo', 1).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'LOOP_WORKER_CRASHED', maybeExecuted: false, exitCode: 1, cause })
    expect(link.stats).toMatchObject({ restarts: 2, depth: 0, pendingCalls: 0 })
    expect((await link.close()).isDisposed).toBe(false)
  })

  test('follows a replay that keeps failing, too', async () => {
    const failure = new RangeError('no replay')
    const { host, link, states } = await placeWatched({ restart: { maxRestarts: 2 } }, () => {
      throw failure
    })
    await link.call('die', 'exit').catch(() => undefined)
    const held = link.call('echo', 1)
    await expect(held).rejects.toMatchObject({ maybeExecuted: false, cause: failure })
    expect(states.map(([state]) => state)).toEqual(['restarting', 'restarting', 'down'])
    expect(states.at(-1)?.[1]).toBe(failure)
    expect(host.threads).toBe(1)
  })

  test('follows a replay that rejects with something that is no error', async () => {
    // oxlint-disable-next-line prefer-promise-reject-errors -- what the test is about
    const { link, states } = await placeWatched({ restart: { maxRestarts: 1 } }, () => Promise.reject('words'))
    await link.call('die', 'exit').catch(() => undefined)
    await until(() => link.state === 'down')
    expect(states.at(-1)?.[1]?.message).toMatch(/words/)
  })

  test('follows a worker that does not start any more', async () => {
    let starts = 0
    const { link, states } = await placeWatched({
      restart: { maxRestarts: 1 },
      entry: () => {
        if (starts++ > 0) throw new TypeError('no more workers')
        return startConformanceWorker()
      },
    })
    await link.call('die', 'exit').catch(() => undefined)
    await until(() => link.state === 'down')
    expect(states.at(-1)?.[1]).toBeInstanceOf(TypeError)
  })

  test('follows a crash during the replay', async () => {
    const { link, states } = await placeWatched({ restart: { maxRestarts: 1 } }, async (fresh) => {
      await fresh.call('die', 'exit').catch(() => undefined)
    })
    await link.call('die', 'exit').catch(() => undefined)
    await until(() => link.state === 'down')
    expect(states.map(([state]) => state)).toEqual(['restarting', 'down'])
    expect(states.at(-1)?.[1]).toBeInstanceOf(WorkerCrashedError)
  })
})

test('all engines of a worker are made anew when it dies', async () => {
  const { host, link } = await placeWatched({ threads: 1 })
  const seen: string[] = []
  const neighbour = await host.place(
    conformanceEngine,
    { extra: 'neighbour' },
    {
      events: {
        tick: () => undefined,
        value: () => undefined,
        level: () => undefined,
        noise: () => undefined,
        records: () => undefined,
        farewell: () => undefined,
      },
      questions: { double: (value) => value },
      onState: (state) => seen.push(state),
    },
  )
  await link.call('die', 'exit').catch(() => undefined)
  await until(() => seen.includes('up') && link.state === 'up')
  expect(await neighbour.call('options', null)).toEqual({ extra: 'neighbour' })
  expect(seen).toEqual(['restarting', 'up'])
  expect(host.threads).toBe(1)
})
