import { describe, expect, test } from 'vitest'
import { HostLink, type HostLinkParts } from '../../src/host/host-link.ts'
import { LinkGroup } from '../../src/host/link-group.ts'
import { restartPolicy } from '../../src/host/restart-policy.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { until } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { AT_ONCE, atOnce, open, placeOn, turns } from './mortal-placer.ts'
import { quietHandlers } from './quiet-handlers.ts'

// How a link ends, and how long that may take: by a clock of the test's.

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

  test('does not count again what a crash has rejected', async () => {
    const { placer } = open()
    const { link } = await placeOn(placer, {}, { maxRestarts: 0 })
    const hanging = rejection(link.call('hang', null))
    placer.kill(0)
    expect(await hanging).toMatchObject({ pendingCalls: 1 })
    await until(() => link.state === 'down')
    expect(await link.close()).toEqual({ delivered: 0, discarded: {}, rejectedCalls: 0, isDisposed: false })
    expect(placer.lives[0]?.released).toEqual([true])
  })

  test('waits for a place that is on its way as long as its deadline admits', async () => {
    const { clock, placer } = open()
    let found: (() => void) | undefined
    const { link } = await placeOn(placer, {}, { backoff: AT_ONCE })
    placer.onOpen = () =>
      new Promise<void>((resolve) => {
        found = resolve
      })
    placer.kill(0)
    await atOnce(clock, () => found !== undefined)
    const closing = link.close({ deadlineMs: 100 })
    await turns()
    await clock.advance(99)
    await turns()
    expect(link.state).toBe('restarting')
    await clock.advance(1)
    expect(await closing).toMatchObject({ isDisposed: false })
    expect([link.state, placer.lives.length]).toEqual(['down', 1])
    found?.()
    await until(() => placer.lives[1]?.released.length === 1)
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
    link.pause()
    link.resume()
    link.observe({ diagnostics: true })
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
