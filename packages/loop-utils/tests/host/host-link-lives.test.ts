import { describe, expect, test } from 'vitest'
import type { LinkState } from '../../src/channel/index.ts'
import { sequence } from '../../src/backoff/index.ts'
import { LinkGroup } from '../../src/host/link-group.ts'
import { restartPolicy } from '../../src/host/restart-policy.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { until, upTo } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { AT_ONCE, atOnce, open, placeOn, turns } from './mortal-placer.ts'
import { quietHandlers } from './quiet-handlers.ts'

// How a link goes from one life of its engine to the next: by a clock of the test's.

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
    await group.close()
    expect(placer.lives.map(({ released }) => released)).toEqual([[true], [true], [true]])
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

  test('sends calls on when its replay is over, and not before', async () => {
    const { clock, placer } = open()
    let finish!: () => void
    const order: unknown[] = []
    const { group, link } = await placeOn(
      placer,
      {
        replay: async (fresh) => {
          order.push(await fresh.call('echo', 'replayed'))
          await new Promise<void>((resolve) => {
            finish = resolve
          })
          order.push(await fresh.call('echo', 'replayed again'))
        },
      },
      { backoff: AT_ONCE },
    )
    placer.kill(0)
    await atOnce(clock, () => order.length === 1)
    const call = link.call('echo', 'called').then((value) => order.push(value))
    await turns()
    expect([order, link.state]).toEqual([['replayed'], 'restarting'])
    finish()
    await call
    expect(order).toEqual(['replayed', 'replayed again', 'called'])
    await group.close()
  })

  test('is not paused when it was resumed before', async () => {
    const { clock, placer } = open()
    const { group, link } = await placeOn(placer, {}, { backoff: AT_ONCE })
    link.pause()
    link.resume()
    placer.kill(0)
    await atOnce(clock, () => link.state === 'up')
    expect(await link.call('echo', 1)).toBe(1)
    await group.close()
  })

  test('needs nobody who wants to know', async () => {
    const { clock, placer } = open()
    const group = new LinkGroup(placer, restartPolicy({ backoff: AT_ONCE }))
    const link = await group.place(conformanceEngine, {}, quietHandlers)
    placer.kill(0)
    await atOnce(clock, () => link.state === 'up')
    expect(link.stats).toMatchObject({ handlerErrors: 0, restarts: 1 })
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
