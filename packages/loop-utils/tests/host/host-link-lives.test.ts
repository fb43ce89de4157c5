import { describe, expect, test } from 'vitest'
import type { LinkState } from '../../src/channel/index.ts'
import { constant, sequence } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { HostLink, type HostLinkParts } from '../../src/host/host-link.ts'
import { LinkGroup } from '../../src/host/link-group.ts'
import { restartPolicy } from '../../src/host/restart-policy.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { until, upTo } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { MortalPlacer, placeOn } from './mortal-placer.ts'
import { quietHandlers } from './quiet-handlers.ts'

// How a link goes from one life of its engine to the next, or to its end: by a clock of the test's.

const AT_ONCE = constant(0)

function open(): { clock: ManualClock; placer: MortalPlacer } {
  const clock = new ManualClock()
  return { clock, placer: new MortalPlacer(clock) }
}

/** Gives what is under way on this loop time to come to an end. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Lets pass what has no length, until `isTrue`. */
async function atOnce(clock: ManualClock, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await clock.advance(0)
    await turns()
  }
}

describe('a link that restarts', () => {
  test('waits as its backoff says, by the clock and the random numbers of its host', async () => {
    const { clock, placer } = open()
    const randoms: unknown[] = []
    const backoff = {
      delays: (random: () => number) => {
        randoms.push(random)
        return [10, 30].values()
      },
    }
    const { group, link } = await placeOn(placer, {}, { backoff })
    for (const [life, delayMs] of [10, 30].entries()) {
      placer.kill(life)
      await until(() => clock.pending === 1)
      await clock.advance(delayMs - 1)
      await turns()
      expect(placer.lives).toHaveLength(life + 1)
      await clock.advance(1)
      await until(() => link.state === 'up')
      expect(placer.lives).toHaveLength(life + 2)
    }
    expect(randoms).toEqual([placer.random])
    placer.kill(2)
    await until(() => link.state === 'down')
    await group.close()
    expect(clock.pending).toBe(0)
  })

  test('tells of each step with its cause, and takes no harm from a handler that throws', async () => {
    const { clock, placer } = open()
    const told: (readonly [LinkState, unknown])[] = []
    const errors: unknown[] = []
    const { group, link } = await placeOn(
      placer,
      {
        onState: (state, cause) => {
          told.push([state, cause])
          throw new RangeError(state)
        },
        onError: (error) => errors.push(error),
      },
      { backoff: AT_ONCE, maxRestarts: 1 },
    )
    const hanging = rejection(link.call('hang', null))
    placer.kill(0)
    const crash = await hanging
    await atOnce(clock, () => link.state === 'up')
    expect(told).toEqual([
      ['restarting', crash],
      ['up', undefined],
    ])
    placer.kill(1)
    const refused = rejection(link.call('echo', 1))
    await until(() => link.state === 'down')
    expect(told[2]).toEqual(['down', expect.objectContaining({ code: 'LOOP_WORKER_CRASHED', exitCode: 9 })])
    expect(await refused).toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      exitCode: 9,
      maybeExecuted: false,
      cause: told[2]?.[1],
    })
    expect(errors).toMatchObject([{ message: 'restarting' }, { message: 'up' }, { message: 'down' }])
    expect(link.stats).toMatchObject({ handlerErrors: 3, restarts: 1 })
    await group.close()
  })

  test.each<[what: string, thrown: unknown, cause: unknown]>([
    ['an error', new RangeError('no replay'), new RangeError('no replay')],
    ['something else', 'words', new Error('replay failed with words')],
  ])('and whose replay fails with %s tries again, and gives up with that', async (_, thrown, cause) => {
    const { clock, placer } = open()
    const { group, link, states } = await placeOn(
      placer,
      {
        replay: () => {
          throw thrown
        },
      },
      { backoff: AT_ONCE, maxRestarts: 2 },
    )
    placer.kill(0)
    const held = rejection(link.call('echo', 1))
    await atOnce(clock, () => link.state === 'down')
    expect(states).toEqual(['restarting', 'restarting', 'down'])
    expect(await held).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 0, maybeExecuted: false, cause })
    expect(placer.lives.map(({ released }) => released)).toEqual([[true], [true], [true]])
    await group.close()
  })

  test('leaves an engine alone after a second that hangs once its replay has failed', async () => {
    const { clock, placer } = open()
    const replay = (): void => {
      throw new Error('no replay')
    }
    const restart = { backoff: AT_ONCE, maxRestarts: 1 }
    const { group, link } = await placeOn(placer, { replay }, restart, { dispose: 'hang' })
    placer.kill(0)
    await atOnce(clock, () => placer.lives.length === 2)
    await turns()
    await clock.advance(999)
    await turns()
    expect([placer.lives[1]?.released, link.state]).toEqual([[], 'restarting'])
    await clock.advance(1)
    await until(() => link.state === 'down')
    expect(placer.lives[1]?.released).toEqual([false])
    await group.close()
    expect(clock.pending).toBe(0)
  })

  test('tries again when its thread dies during the replay, and counts only engines that were made', async () => {
    const { clock, placer } = open()
    const { group, link, states } = await placeOn(
      placer,
      {
        replay: () => {
          if (placer.lives.length === 2) placer.kill(1)
        },
      },
      { backoff: AT_ONCE },
    )
    placer.kill(0)
    await atOnce(clock, () => link.state === 'up')
    expect(states).toEqual(['restarting', 'restarting', 'up'])
    expect([placer.lives.length, link.stats.restarts]).toEqual([3, 2])
    expect(await link.call('echo', 1)).toBe(1)
    await group.close()
  })

  test('has no place for a while, and restarts when there is one', async () => {
    const { clock, placer } = open()
    let tries = 0
    const { group, link, states } = await placeOn(placer, {}, { backoff: sequence([0, 0, 0]) })
    placer.onOpen = () => {
      if (tries++ === 0) throw new TypeError('no threads today')
    }
    placer.kill(0)
    await atOnce(clock, () => link.state === 'up')
    expect([states, tries, link.stats.restarts]).toEqual([['restarting', 'restarting', 'up'], 2, 1])
    await group.close()
  })

  test('also does when its thread dies between the making of its engine and the first answer', async () => {
    const { clock, placer } = open()
    const ticks: number[] = []
    const tick = ({ seq }: { readonly seq: number }): void => {
      ticks.push(seq)
      if (placer.lives.length === 1 && seq === 2) placer.kill(0)
    }
    const events = { ...quietHandlers.events, tick }
    const { group, link, states } = await placeOn(placer, { events }, { backoff: AT_ONCE }, { firstTicks: 3 })
    await atOnce(clock, () => link.state === 'up' && link.stats.restarts === 1)
    expect(states).toEqual(['restarting', 'up'])
    expect(ticks).toEqual([...upTo(3), ...upTo(3)])
    await group.close()
  })

  test('counts the calls that wait for an engine with those that wait for an answer', async () => {
    const { clock, placer } = open()
    const { group, link } = await placeOn(placer, {}, { backoff: AT_ONCE })
    const calls = [rejection(link.call('hang', null)), rejection(link.call('hang', null))]
    expect(link.stats.pendingCalls).toBe(2)
    placer.kill(0)
    await Promise.all(calls)
    const held = [link.call('echo', 1), link.call('echo', 2), link.call('echo', 3)]
    expect(link.stats).toMatchObject({ pendingCalls: 3, depth: 0 })
    await atOnce(clock, () => link.state === 'up')
    expect(await Promise.all(held)).toEqual([1, 2, 3])
    expect(link.stats.pendingCalls).toBe(0)
    await group.close()
  })
})

describe('a link that closes', () => {
  test('gives its engine five seconds, and leaves it then', async () => {
    const { clock, placer } = open()
    const { link } = await placeOn(placer, {}, {}, { dispose: 'hang' })
    const closing = link.close()
    await turns()
    await clock.advance(4999)
    await turns()
    expect([placer.lives[0]?.released, link.state]).toEqual([[], 'up'])
    await clock.advance(1)
    expect(await closing).toEqual({ delivered: 0, discarded: {}, rejectedCalls: 0, isDisposed: false })
    expect([placer.lives[0]?.released, link.state]).toEqual([[false], 'down'])
    expect(clock.pending).toBe(0)
  })

  test('delivers what it has, or discards it and tells what that was', async () => {
    const reports = [true, false].map(async (drain) => {
      const { placer } = open()
      const { link } = await placeOn(placer)
      link.pause()
      void link.call('burst', 3).catch(() => undefined)
      await turns()
      return await link.close({ drain })
    })
    expect(await Promise.all(reports)).toEqual([
      { delivered: 4, discarded: {}, rejectedCalls: 0, isDisposed: true },
      { delivered: 0, discarded: { tick: 3, farewell: 1 }, rejectedCalls: 1, isDisposed: true },
    ])
  })

  test('tells of no restart, whatever happens to its thread meanwhile', async () => {
    const { clock, placer } = open()
    const { link, states } = await placeOn(placer)
    const closing = link.close()
    placer.kill(0)
    await atOnce(clock, () => link.state === 'down')
    expect(await closing).toMatchObject({ isDisposed: false })
    expect([states, placer.lives.length, clock.pending]).toEqual([[], 1, 0])
  })

  test('before it has an engine has nothing to dispose of, and rejects what waits', async () => {
    const { placer } = open()
    const closed: unknown[] = []
    const link = new HostLink({
      placer,
      restart: restartPolicy(),
      definition: conformanceEngine as unknown as HostLinkParts['definition'],
      options: {},
      handlers: quietHandlers as unknown as HostLinkParts['handlers'],
      onClosed: (one) => closed.push(one),
    })
    expect(link.state).toBe('restarting')
    const early = rejection(link.call('echo', 1))
    expect(link.stats).toEqual({
      delivered: 0,
      dropped: {},
      handlerErrors: 0,
      restarts: 0,
      pendingCalls: 1,
      depth: 0,
    })
    expect(await link.close()).toEqual({ delivered: 0, discarded: {}, rejectedCalls: 1, isDisposed: true })
    await link[Symbol.asyncDispose]()
    expect(await early).toMatchObject({ code: 'LOOP_LINK_CLOSED', engine: 'conformance' })
    expect([closed, link.state, placer.lives]).toEqual([[link], 'down', []])
  })

  test('while its engine is placed gives the place back, and the placing rejects', async () => {
    const { clock, placer } = open()
    let found!: () => void
    placer.onOpen = () =>
      new Promise<void>((resolve) => {
        found = resolve
      })
    const group = new LinkGroup(placer, restartPolicy())
    const placing = rejection(group.place(conformanceEngine, {}, quietHandlers))
    const closing = group.close()
    expect(group.close()).toBe(closing)
    found()
    expect(await placing).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    await closing
    expect([placer.lives[0]?.released, clock.pending]).toEqual([[true], 0])
  })

  test('is told by the option that it cannot use', async () => {
    const { placer } = open()
    const { group, link } = await placeOn(placer)
    expect(() => link.close({ deadlineMs: -1 })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'deadlineMs' }) as Error,
    )
    expect(await link.call('echo', 1)).toBe(1)
    await group.close()
  })
})

describe('a group of links', () => {
  test('places no engine that cannot be made, and keeps nothing of it', async () => {
    const { placer } = open()
    const group = new LinkGroup(placer, restartPolicy())
    const failing = group.place(conformanceEngine, { create: 'fail' }, quietHandlers)
    expect(await rejection(failing)).toMatchObject({ code: 'CONFORMANCE_REFUSED' })
    expect(placer.lives.map(({ released }) => released)).toEqual([[true]])
    const options = { extra: () => 1 } as never
    expect(await rejection(group.place(conformanceEngine, options, quietHandlers))).toMatchObject({
      code: 'LOOP_NOT_PLAIN',
      path: 'options.extra',
    })
    expect(placer.lives).toHaveLength(1)
    await group.close()
  })

  test('places nothing once it is closed, and says so', async () => {
    const { placer } = open()
    const { group, link } = await placeOn(placer)
    await group.close()
    expect(link.state).toBe('down')
    expect(await rejection(group.place(conformanceEngine, {}, quietHandlers))).toMatchObject({
      code: 'LOOP_SERVICE_STATE',
      operation: 'place an engine',
      state: 'closed',
      message: 'cannot place an engine while closed; make a new host',
    })
    expect(placer.lives).toHaveLength(1)
  })
})
