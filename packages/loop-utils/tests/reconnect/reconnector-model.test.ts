import { once } from 'node:events'
import net from 'node:net'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { constant, exponential } from '../../src/backoff/index.ts'
import { Reconnector, type Link } from '../../src/reconnect/index.ts'
import { interleavings } from '../../src/testing/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { LinkBench } from './link-bench.ts'

type Step = 'kick' | 'pause' | 'resume' | 'succeed' | 'fail' | 'lose' | 'advance' | 'settle'

async function take(bench: LinkBench, step: Step): Promise<void> {
  const { reconnector, clock } = bench
  const steps: Record<Step, () => unknown> = {
    kick: () => reconnector.kick(),
    pause: () => void reconnector.pause(),
    resume: () => reconnector.resume(),
    succeed: () => bench.attempts.at(-1)?.succeed(),
    fail: () => bench.attempts.at(-1)?.fail(),
    lose: () => bench.links.at(-1)?.lose(),
    advance: () => clock.advance(700),
    settle: () => clock.settle(),
  }
  await steps[step]()
}

/** What holds whatever happens. */
function check(bench: LinkBench): void {
  const { reconnector, changes } = bench
  for (const [index, { state, previous }] of changes.entries()) {
    expect(previous).toBe(index === 0 ? 'idle' : changes[index - 1]?.state)
    expect(state).not.toBe(previous)
  }
  expect(reconnector.state).toBe(changes.at(-1)?.state ?? 'idle')
  expect(reconnector.link !== undefined).toBe(reconnector.state === 'up')
}

async function finish(bench: LinkBench): Promise<void> {
  await bench.end()
  // an attempt that is answered after everything
  for (const attempt of bench.attempts) attempt.succeed()
  await bench.clock.settle()
  check(bench)
  expect(bench.reconnector.state).toBe('closed')
  expect(bench.clock.pending).toBe(0)
  // answers that came too late for their promise made links that nobody ever saw
  const seen = bench.links.filter((link) => link.closeCalls > 0)
  expect(seen.every((link) => !link.isOpen)).toBe(true)
}

const STEPS: readonly Step[] = ['kick', 'pause', 'resume', 'succeed', 'fail', 'lose', 'advance', 'settle']

it('keeps its invariants under any sequence of commands and events', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 40 }), async (steps) => {
      const bench = new LinkBench({ backoff: exponential({ initialDelayMs: 500 }), stableAfterMs: 1000 })
      bench.reconnector.start()
      for (const step of steps) {
        await take(bench, step)
        check(bench)
      }
      await finish(bench)
    }),
    { numRuns: 60 },
  )
})

it('survives every order of pausing, losing and answering', async () => {
  for (const steps of interleavings<Step>(['pause', 'resume'], ['succeed', 'lose'], ['kick', 'settle'])) {
    const bench = new LinkBench({ backoff: constant(100) })
    bench.reconnector.start()
    for (const step of steps) await take(bench, step)
    await finish(bench)
    expect(bench.states.filter((state) => state === 'closed')).toHaveLength(1)
  }
})

it('has one link at a time, and all are closed in the end', async () => {
  let open = 0
  let most = 0
  const bench = new LinkBench({ backoff: constant(10), stableAfterMs: 20 })
  bench.answer = (attempt) => {
    const link = attempt.succeed()
    most = Math.max(most, ++open)
    void link.closed.then(() => open--)
    bench.clock.setTimer(() => link.lose(), 15)
  }
  bench.reconnector.start()
  for (let round = 0; round < 30; round++) {
    await bench.clock.advance(13)
    if (round % 5 === 0) void bench.reconnector.pause()
    if (round % 5 === 1) bench.reconnector.resume()
  }
  expect(bench.links.length).toBeGreaterThan(10)
  expect(most).toBe(1)
  await bench.reconnector.stop()
  await bench.clock.runAll()
  expect(open).toBe(0)
})

it('keeps a real socket up though its peer drops it again and again, leaving nothing', async () => {
  class SocketLink implements Link {
    readonly socket: net.Socket
    readonly closed: Promise<unknown>
    constructor(socket: net.Socket) {
      this.socket = socket
      this.closed = once(socket, 'close')
    }
    close(): void {
      this.socket.destroy()
    }
  }

  await assertLeavesNoTimer(async () => {
    const peers: net.Socket[] = []
    // every other connection is reset at once
    let connections = 0
    const server = net.createServer((socket) => {
      if (++connections % 2 === 0) socket.resetAndDestroy()
      else peers.push(socket.on('error', () => {}))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as net.AddressInfo
    const reconnector = new Reconnector<SocketLink>({
      backoff: constant(1),
      connect: async ({ signal }) => {
        const socket = net.connect(port, '127.0.0.1')
        try {
          await once(socket, 'connect', { signal })
        } catch (error) {
          socket.destroy()
          throw error
        }
        return new SocketLink(socket.on('error', () => {}))
      },
    })
    reconnector.start()
    while (peers.length < 4) {
      const link = await reconnector.up()
      peers.at(-1)?.destroy()
      await link.closed
    }
    expect(reconnector.snapshot.connects).toBeGreaterThanOrEqual(3)
    await reconnector.stop()
    for (const peer of peers) peer.destroy()
    server.close()
    await once(server, 'close')
  })
})
