import assert from 'node:assert/strict'
import { ModuleRefError, toPlainModuleRef } from '../../../channel/module-ref.ts'
import { systemClock } from '../../../clock/system-clock.ts'
import type { ChannelLaw } from '../channel-law.ts'
import { ConformanceError } from '../conformance-errors.ts'
import { describeValue } from '../describe-value.ts'
import { Rig } from '../rig.ts'

const MODULE = 'data:text/javascript,export const answer = 42'

/** Law 8, observers cost nothing unless they listen, and law 9, what replaces functions. */
export const observeLaws: readonly ChannelLaw[] = [
  {
    name: 'logs and diagnostics are not even built while nobody listens',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        await rig.link.call('log', { level: 'error', message: 'unheard' })
        await rig.link.call('diagnose', 'unheard')
        assert.deepEqual(await rig.link.call('observations', null), { read: 0, isObserved: false })
        assert.deepEqual([rig.logs, rig.diagnostics], [[], []])
      }),
  },
  {
    name: 'log lines come from the wanted level on, errors among their fields as errors',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        rig.link.observe({ logLevel: 'warn' })
        for (const level of ['debug', 'info', 'warn', 'error'] as const) {
          await rig.link.call('log', { level, message: `a ${level}` })
        }
        rig.link.observe({ logLevel: 'silent' })
        await rig.link.call('log', { level: 'error', message: 'unheard' })
        assert.deepEqual(
          rig.logs.map(({ message }) => message),
          ['a warn', 'a error'],
        )
        const fields = rig.logs[0]?.fields ?? {}
        assert.ok(fields['err'] instanceof ConformanceError)
        assert.equal(describeValue(fields['bytes']), 'Uint8Array(98) of 1')
        assert.match(String(fields['callback']), /is a function/)
      }),
  },
  {
    name: 'diagnostics come while somebody listens, in the order of the stream',
    run: (makeHost) =>
      Rig.use(makeHost, { handlers: { observe: { diagnostics: true } } }, async (rig) => {
        await rig.link.call('diagnose', 'x:one')
        rig.link.observe({ diagnostics: false })
        await rig.link.call('diagnose', 'x:two')
        assert.deepEqual(
          rig.diagnostics.map(({ data, name }) => [name, data['n']]),
          [['x:one', 1]],
        )
        assert.equal((await rig.link.call('observations', null)).isObserved, false)
      }),
  },
  {
    name: 'a module reference is loaded where the engine runs',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const ref = toPlainModuleRef({ module: MODULE, export: 'answer' })
        assert.equal(await link.call('loadModule', ref), 42)
        await assert.rejects(link.call('loadModule', { module: MODULE, export: 'question' }), (error: unknown) => {
          assert.ok(error instanceof ModuleRefError)
          assert.equal(error.export, 'question')
          return true
        })
        const missing = toPlainModuleRef({ module: new URL('nowhere.js', import.meta.url), export: 'x' })
        await assert.rejects(link.call('loadModule', missing), ModuleRefError)
      }),
  },
  {
    name: 'the clock is one for both ends, and random numbers repeat from a seed',
    run: (makeHost) =>
      Rig.use(makeHost, { host: { seed: 11 } }, async (rig) => {
        const before = systemClock.now()
        const first = await rig.link.call('environment', null)
        assert.ok(first.now >= before && first.now <= systemClock.now())
        await rig.place({})
        assert.deepEqual((await rig.link.call('environment', null)).numbers, first.numbers)
      }),
  },
]
