import { describe, expect, test } from 'vitest'
import type { ErasedDefinition } from '../../src/channel/erased.ts'
import { LinkGroup } from '../../src/host/link-group.ts'
import type { Placer } from '../../src/host/placer.ts'
import { restartPolicy } from '../../src/host/restart-policy.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { until, upTo } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { MortalPlacer, placeOn } from './mortal-placer.ts'
import { quietHandlers } from './quiet-handlers.ts'

describe('a link', () => {
  test.each(['host', 'lane'] as const)('survives the death of its thread that the %s sees first', async (first) => {
    const placer = new MortalPlacer()
    const ticks: number[] = []
    const { group, link, states } = await placeOn(placer, {
      events: { ...quietHandlers.events, tick: ({ seq }) => ticks.push(seq) },
    })
    await link.call('burst', 10)
    const hanging = rejection(link.call('hang', null))
    placer.kill(0, first)
    expect(await hanging).toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      exitCode: 9,
      maybeExecuted: true,
      pendingCalls: 1,
    })
    await until(() => link.state === 'up' && link.stats.restarts === 1)
    await link.call('burst', 5)
    expect(ticks).toEqual([...upTo(10), ...upTo(5)])
    expect(states).toEqual(['restarting', 'up'])
    expect(placer.lives[0]?.released).toEqual([true])
    await group.close()
    expect(placer.lives[1]?.released).toEqual([true])
  })

  test('ignores what it is told of a life that is over', async () => {
    const placer = new MortalPlacer()
    const { group, link, states } = await placeOn(placer)
    placer.kill(0)
    await until(() => states.includes('up'))
    placer.kill(0)
    expect(await link.call('echo', 1)).toBe(1)
    expect(states).toEqual(['restarting', 'up'])
    await group.close()
  })

  test('whose thread dies before its engine is made rejects the placing', async () => {
    const placer = new MortalPlacer()
    placer.makesEngines = false
    placer.onOpen = (request) => request.onCrash({ exitCode: 4 })
    await expect(placeOn(placer)).rejects.toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 4 })
  })

  test('recovers when its thread dies right after its engine was made', async () => {
    const placer = new MortalPlacer()
    const { group, link, states } = await placeOn(placer, {
      observe: { logLevel: 'debug' },
      questions: quietHandlers.questions,
    })
    placer.kill(0)
    expect(link.state).toBe('restarting')
    expect(await link.call('echo', 1)).toBe(1)
    expect(states).toEqual(['restarting', 'up'])
    await group.close()
  })

  test('gives a new engine what is observed and whether it is paused, also when that changed meanwhile', async () => {
    const placer = new MortalPlacer()
    const logs: string[] = []
    const { group, link } = await placeOn(placer, {
      observe: { logLevel: 'info' },
      onLog: (_level, _fields, message) => logs.push(message),
    })
    await link.call('log', { level: 'info', message: 'first life' })
    placer.onOpen = () => {
      link.observe({ logLevel: 'error', diagnostics: true })
      link.pause()
    }
    placer.kill(0)
    await until(() => placer.lives.length === 2)
    expect(link.state).toBe('restarting')
    link.resume()
    await link.call('log', { level: 'info', message: 'too low' })
    await link.call('log', { level: 'error', message: 'second life' })
    expect((await link.call('observations', null)).isObserved).toBe(true)
    expect(logs).toEqual(['first life', 'second life'])
    await group.close()
  })

  test('lets its replay do all that a link does', async () => {
    const placer = new MortalPlacer()
    const seen: unknown[] = []
    const { group, link } = await placeOn(placer, {
      replay: async (fresh) => {
        fresh.pause()
        fresh.resume()
        fresh.observe({ diagnostics: true })
        const { isObserved } = await fresh.call('observations', null)
        seen.push(fresh.state, fresh.stats.restarts, isObserved)
      },
    })
    placer.kill(0)
    await link.call('echo', 1)
    expect(seen).toEqual(['restarting', 1, true])
    await group.close()
  })

  test.each(['close', 'dispose'] as const)('may be closed by its replay (%s)', async (how) => {
    const placer = new MortalPlacer()
    const { link, states } = await placeOn(placer, {
      replay: (fresh) => {
        if (how === 'close') void fresh.close()
        else void fresh[Symbol.asyncDispose]()
      },
    })
    placer.kill(0)
    await until(() => link.state === 'down')
    await link.close()
    expect(placer.lives.map(({ released }) => released)).toEqual([[true], [true]])
    expect(states).toEqual(['restarting'])
  })

  test('that is closed while it waits to restart does not restart', async () => {
    const placer = new MortalPlacer()
    const backoff = { delays: () => [60_000].values() }
    const { link, states } = await placeOn(placer, {}, { backoff })
    placer.kill(0)
    await until(() => states.includes('restarting'))
    const held = rejection(link.call('echo', 1))
    expect(await link.close()).toMatchObject({ isDisposed: false, rejectedCalls: 1 })
    expect(await held).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    expect(placer.lives.length).toBe(1)
    expect(link.state).toBe('down')
  })

  test('that is closed while its thread dies delivers what was committed', async () => {
    const placer = new MortalPlacer()
    const { link } = await placeOn(placer)
    const hanging = rejection(link.call('hang', null))
    await link.call('burst', 1)
    const closing = link.close()
    placer.kill(0)
    expect(await closing).toMatchObject({ isDisposed: false, rejectedCalls: 1 })
    expect(await hanging).toMatchObject({ code: 'LOOP_WORKER_CRASHED' })
  })

  test('does not wait longer than its deadline for a place that is not found', async () => {
    const placer = new MortalPlacer()
    let found: (() => void) | undefined
    const { link, states } = await placeOn(placer)
    placer.onOpen = () =>
      new Promise<void>((resolve) => {
        found = resolve
      })
    placer.kill(0)
    await until(() => found !== undefined)
    await link.close({ deadlineMs: 20 })
    found?.()
    // the place that came too late is given back
    await until(() => placer.lives[1]?.released.length === 1)
    expect(states).toEqual(['restarting'])
  })

  test('that was paused while its engine was placed anew is paused, and goes on later', async () => {
    const placer = new MortalPlacer()
    const ticks: number[] = []
    const { group, link } = await placeOn(placer, {
      events: { ...quietHandlers.events, tick: ({ seq }) => ticks.push(seq) },
    })
    placer.onOpen = () => link.pause()
    placer.kill(0)
    const burst = link.call('burst', 3)
    await until(() => placer.lives.length === 2)
    for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect([link.state, ticks]).toEqual(['restarting', []])
    link.resume()
    expect(await burst).toBe(3)
    expect(ticks).toEqual(upTo(3))
    await group.close()
  })

  test('is closed in the time that this takes although it is paused meanwhile, and counts what came then', async () => {
    const { link } = await placeOn(new MortalPlacer())
    await link.call('burst', 10)
    expect(link.stats).toMatchObject({ delivered: 10, pendingCalls: 0, depth: 0, restarts: 0 })
    const closing = link.close({ deadlineMs: 100 })
    expect(link.close()).toBe(closing)
    link.pause()
    expect(await closing).toEqual({ delivered: 1, discarded: {}, rejectedCalls: 0, isDisposed: true })
    expect(link.state).toBe('down')
    expect(await rejection(link.call('echo', 1))).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    await link[Symbol.asyncDispose]()
  })

  test('whose engine does not go in time rejects what was called, and counts it', async () => {
    const group = new LinkGroup(new MortalPlacer(), restartPolicy({}))
    const link = await group.place(conformanceEngine, { dispose: 'hang' }, quietHandlers)
    const hanging = rejection(link.call('hang', null))
    expect(await link.close({ deadlineMs: 2 })).toMatchObject({ isDisposed: false, rejectedCalls: 1 })
    expect(await hanging).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    await group.close()
  })

  test('hands buffers on that were given to a call while there was no engine', async () => {
    const placer = new MortalPlacer()
    const { group, link } = await placeOn(placer)
    placer.kill(0)
    const bytes = new Uint8Array([1, 2, 3])
    expect(await link.call('describe', bytes, { transfer: [bytes.buffer] })).toBe('Uint8Array(1 2 3) of 3')
    await group.close()
  })
})

describe('an engine definition', () => {
  test('that throws something odd rejects the placing with it', async () => {
    const odd: ErasedDefinition = {
      name: 'odd',
      create: () => {
        // oxlint-disable-next-line no-throw-literal -- what the test is about
        throw 'words'
      },
    }
    const group = new LinkGroup(new MortalPlacer(), restartPolicy({}))
    const definition = { ...conformanceEngine, ...odd } as unknown as typeof conformanceEngine
    await expect(group.place(definition, {}, quietHandlers)).rejects.toBe('words')
  })

  test('may say which bounds suit it, and its host has the last word', async () => {
    const definition = { ...conformanceEngine, link: { highWaterMark: 4, maxPending: 2 } }
    const group = new LinkGroup(new MortalPlacer(), restartPolicy({}))
    const link = await group.place(definition, {}, quietHandlers)
    expect(await link.call('fill', 100)).toBe(3)
    const placer: Placer = Object.assign(new MortalPlacer(), { link: { highWaterMark: 8 } })
    const wider = await new LinkGroup(placer, restartPolicy({})).place(definition, {}, quietHandlers)
    expect(await wider.call('fill', 100)).toBe(7)
    const calls = [wider.call('echo', 1), wider.call('echo', 2)]
    expect(await rejection(wider.call('echo', 3))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 2 })
    await Promise.all(calls)
    await Promise.all([link.close(), wider.close()])
    const broken = { ...conformanceEngine, link: { highWaterMark: 0 } }
    expect(await rejection(group.place(broken, {}, quietHandlers))).toMatchObject({ option: 'highWaterMark' })
  })
})
