import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { LinkClosedError } from '../../../channel/link-errors.ts'
import { OptionError } from '../../../errors/option-error.ts'
import { ServiceStateError } from '../../../errors/service-state-error.ts'
import type { ChannelLaw } from '../channel-law.ts'
import { ConformanceError } from '../conformance-errors.ts'
import { Rig, until, upTo } from '../rig.ts'

/** Law 10, stopping. */
export const stopLaws: readonly ChannelLaw[] = [
  {
    name: 'closing delivers what was accepted and what the engine emits while it goes, and says how much',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        rig.link.pause()
        const call = rig.link.call('burst', 50)
        await until(() => rig.link.stats.depth > 50)
        const report = await rig.link.close()
        assert.deepEqual(rig.ticks, upTo(50))
        assert.equal(rig.of('farewell').length, 1)
        assert.deepEqual(report, { delivered: 51, discarded: {}, rejectedCalls: 0, isDisposed: true })
        assert.equal(await call, 50)
        assert.equal(rig.link.state, 'down')
      }),
  },
  {
    name: 'closing without draining discards by name and rejects what waits',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        rig.link.pause()
        const call = rig.link.call('burst', 50)
        await until(() => rig.link.stats.depth > 50)
        const closing = rig.link.close({ drain: false })
        await assert.rejects(call, LinkClosedError)
        assert.deepEqual(await closing, {
          delivered: 0,
          discarded: { tick: 50, farewell: 1 },
          rejectedCalls: 1,
          isDisposed: true,
        })
        assert.deepEqual(rig.seen, [])
      }),
  },
  {
    name: 'no handler runs once closing has settled',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        await rig.link.call('startTicking', null)
        await until(() => rig.ticks.length > 2)
        await rig.link.close()
        const { length } = rig.seen
        await delay(30)
        assert.equal(rig.seen.length, length)
        assert.equal(rig.seen.at(-1)?.[0], 'farewell')
        assert.deepEqual(rig.ticks, upTo(length - 1))
      }),
  },
  {
    name: 'calls that no answer comes for, and calls made later, reject when the link closes',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        // the engine answers it when it is cancelled by its own end
        const hanging = link.call('hang', null)
        await link.call('echo', 1)
        const closing = link.close()
        await assert.rejects(link.call('echo', 2), LinkClosedError)
        assert.equal(await hanging, 'cancelled')
        assert.equal((await closing).rejectedCalls, 0)
        await assert.rejects(link.call('echo', 3), LinkClosedError)
      }),
  },
  {
    name: 'a question that is still being answered is aborted when the link ends',
    run: async (makeHost) => {
      const reasons: unknown[] = []
      const double = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> =>
        new Promise(() => {
          signal.addEventListener('abort', () => reasons.push(signal.reason))
        })
      await Rig.use(makeHost, { double }, async ({ link }) => {
        await link.call('askLater', 1)
        await link.close()
        assert.equal(reasons.length, 1)
        assert.ok(reasons[0] instanceof LinkClosedError)
      })
    },
  },
  {
    name: 'closing again gives the same report',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const [one, two] = await Promise.all([link.close(), link.close({ drain: false })])
        assert.equal(one, two)
        await link[Symbol.asyncDispose]()
        assert.throws(() => link.close({ deadlineMs: -1 }), OptionError)
      }),
  },
  {
    name: 'an engine that fails while it goes is reported',
    run: (makeHost) =>
      Rig.use(makeHost, { options: { dispose: 'fail' } }, async (rig) => {
        assert.equal((await rig.link.close()).isDisposed, false)
        assert.ok(rig.errors[0] instanceof ConformanceError)
      }),
  },
  {
    name: 'an engine that does not go in time is left, and its last events are counted',
    run: (makeHost) =>
      Rig.use(makeHost, { options: { dispose: 'hang' } }, async (rig) => {
        await rig.link.call('burst', 3)
        const started = performance.now()
        const report = await rig.link.close({ deadlineMs: 30 })
        assert.ok(performance.now() - started >= 29)
        assert.equal(report.isDisposed, false)
        assert.deepEqual(rig.ticks, upTo(3))
      }),
  },
  {
    name: 'an engine that takes its time within the deadline is waited for',
    run: (makeHost) =>
      Rig.use(makeHost, { options: { dispose: 'slow' } }, async (rig) => {
        assert.equal((await rig.link.close()).isDisposed, true)
        assert.equal(rig.of('farewell').length, 1)
      }),
  },
  {
    name: 'a closed host has closed its links and places nothing',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        await rig.host.close()
        assert.equal(rig.link.state, 'down')
        assert.equal(rig.of('farewell').length, 1)
        await assert.rejects(rig.place({}), ServiceStateError)
        await rig.host[Symbol.asyncDispose]()
      }),
  },
]
