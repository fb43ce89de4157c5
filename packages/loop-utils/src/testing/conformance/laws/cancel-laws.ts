import assert from 'node:assert/strict'
import { QueueOverflowError } from '../../../errors/queue-errors.ts'
import { TimeoutError } from '../../../errors/timeout-error.ts'
import type { ChannelLaw } from '../channel-law.ts'
import { Rig, until } from '../rig.ts'

/** Law 7, aborts and deadlines. */
export const cancelLaws: readonly ChannelLaw[] = [
  {
    name: 'an abort settles the call at once with its very reason, and the engine is told to cancel',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const controller = new AbortController()
        const reason = { any: 'value' }
        const call = link.call('hang', null, { signal: controller.signal })
        await until(() => link.stats.pendingCalls === 1)
        await link.call('echo', 1)
        controller.abort(reason)
        await assert.rejects(call, (error) => error === reason)
        assert.deepEqual(await link.call('cancellations', null), {
          hanging: 0,
          cancelled: 1,
          lastReason: 'LOOP_CALL_CANCELLED',
        })
      }),
  },
  {
    name: 'a call whose signal is aborted already is not made',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const signal = AbortSignal.abort('no')
        await assert.rejects(link.call('hang', null, { signal }), (error) => error === 'no')
        assert.equal((await link.call('cancellations', null)).cancelled, 0)
      }),
  },
  {
    name: 'a settled call leaves no listener at its signal',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const { signal } = new AbortController()
        let listeners = 0
        const add = signal.addEventListener.bind(signal)
        const remove = signal.removeEventListener.bind(signal)
        signal.addEventListener = (...args: Parameters<typeof add>) => {
          listeners++
          add(...args)
        }
        signal.removeEventListener = (...args: Parameters<typeof remove>) => {
          listeners--
          remove(...args)
        }
        await link.call('echo', 1, { signal, timeoutMs: 60_000 })
        await assert.rejects(link.call('fail', 'builtin', { signal }))
        assert.equal(listeners, 0)
      }),
  },
  {
    name: 'a timeout rejects with TimeoutError, and the engine is told to cancel',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        await assert.rejects(link.call('hang', null, { timeoutMs: 20 }), (error: unknown) => {
          assert.ok(error instanceof TimeoutError)
          assert.equal(error.timeoutMs, 20)
          return true
        })
        assert.equal((await link.call('cancellations', null)).cancelled, 1)
        assert.equal(link.stats.pendingCalls, 0)
      }),
  },
  {
    name: 'a deadline crosses as what is left of it',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const left = await link.call('remaining', null, { timeoutMs: 30_000 })
        assert.ok(left !== undefined && left > 0 && left < 30_000, `${left}`)
        assert.equal(await link.call('remaining', null), undefined)
        assert.equal(await link.call('remaining', null, { timeoutMs: Number.POSITIVE_INFINITY }), undefined)
      }),
  },
  {
    name: 'a question is given up by abort and by timeout, and its handler learns of it',
    run: async (makeHost) => {
      let aborted = 0
      const double = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> =>
        new Promise(() => {
          signal.addEventListener('abort', () => aborted++)
        })
      await Rig.use(makeHost, { double }, async ({ link }) => {
        assert.deepEqual(await link.call('ask', { value: 1, timeoutMs: 20 }), { error: 'LOOP_TIMEOUT' })
        assert.deepEqual(await link.call('ask', { value: 1, abort: true }), { error: 'the very reason' })
        await until(() => aborted === 2)
      })
    },
  },
  {
    name: 'calls beyond the bound are refused, those within it are not',
    run: (makeHost) =>
      Rig.use(makeHost, { host: { link: { maxPending: 3 } } }, async ({ link }) => {
        const calls = [1, 2, 3].map((n) => link.call('echo', n))
        await assert.rejects(link.call('echo', 4), QueueOverflowError)
        assert.deepEqual(await Promise.all(calls), [1, 2, 3])
        assert.equal(await link.call('echo', 5), 5)
      }),
  },
]
