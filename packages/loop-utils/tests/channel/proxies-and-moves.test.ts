import { describe, expect, test } from 'vitest'
import { asPlain } from '../../src/channel/as-plain.ts'
import { movable } from '../../src/channel/movable.ts'
import type { EngineLink } from '../../src/channel/index.ts'
import type { ConformanceContract } from '../../src/testing/conformance/conformance-contract.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { lawHosts } from '../../src/testing/conformance/law-hosts.ts'
import { quietHandlers } from '../host/quiet-handlers.ts'
import { rejection } from '../settled.ts'

const hostile = new Proxy(
  {},
  {
    getPrototypeOf: () => {
      throw new Error('never asked')
    },
  },
)

test.each([
  ['an object', new Proxy({ a: 1 }, {})],
  ['an array', new Proxy([1], {})],
  ['bytes', new Proxy(new Uint8Array(1), {})],
  ['what throws', hostile],
])('a proxy is refused, whatever is behind it: %s', (_, proxy) => {
  for (const [value, path] of [
    [proxy, 'it'],
    [{ deep: [{ proxy }] }, 'it.deep[0].proxy'],
  ] as const) {
    expect(() => asPlain(value, 'it')).toThrow(
      expect.objectContaining({ code: 'LOOP_NOT_PLAIN', path, found: 'a proxy' }),
    )
  }
})

describe('buffers to be moved', () => {
  test('are those that have something in them, each once', () => {
    const [one, two] = [new ArrayBuffer(1), new ArrayBuffer(2)]
    expect(movable([one, two, one, new ArrayBuffer(0)])).toEqual([one, two])
    const only = [one]
    expect(movable(only)).toBe(only)
    structuredClone(two, { transfer: [two] })
    expect(movable([two])).toEqual([])
  })

  test('are none that threads share', () => {
    expect(movable([new SharedArrayBuffer(1) as unknown as ArrayBuffer])).toEqual([])
  })
})

describe.each(Object.entries(lawHosts))('a call in mode %s', (_, open) => {
  async function withLink(use: (link: EngineLink<ConformanceContract>) => Promise<void>): Promise<void> {
    await using host = open({})
    await use(await host.place(conformanceEngine, {}, quietHandlers))
  }

  test('rejects a proxy deep in its input, and the link goes on', async () => {
    await withLink(async (link) => {
      const value = { a: { b: new Proxy({ c: {} }, {}) } }
      expect(await rejection(link.call('echo', value))).toMatchObject({
        code: 'LOOP_NOT_PLAIN',
        path: 'echo.input.a.b',
        found: 'a proxy',
      })
      expect(await link.call('echo', 1)).toBe(1)
      expect(link.stats.pendingCalls).toBe(0)
    })
  })

  test('copies what it is told to move and cannot', async () => {
    await withLink(async (link) => {
      const bytes = new Uint8Array([1, 2, 3])
      expect(await link.call('echo', bytes, { transfer: [bytes.buffer, bytes.buffer] })).toEqual(
        new Uint8Array([1, 2, 3]),
      )
      const pooled = Buffer.from('abc')
      expect(await link.call('echo', pooled, { transfer: [pooled.buffer] })).toEqual(new Uint8Array([97, 98, 99]))
      expect(pooled.toString()).toBe('abc')
    })
  })
})
