import assert from 'node:assert/strict'
import { ContractError } from '../../../channel/link-errors.ts'
import { RemoteError } from '../../../errors/remote-error.ts'
import type { ChannelLaw } from '../channel-law.ts'
import { ConformanceError } from '../conformance-errors.ts'
import { describeValue } from '../describe-value.ts'
import { Rig } from '../rig.ts'

/** Law 6, errors cross and come back as what they were. */
export const errorLaws: readonly ChannelLaw[] = [
  {
    name: "a package's error keeps its class, code, fields and cause",
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const error = await rejectionOf(link.call('fail', 'typed'))
        assert.ok(error instanceof ConformanceError)
        assert.equal(error.code, 'CONFORMANCE_REFUSED')
        assert.equal(error.name, 'ConformanceError')
        assert.equal(error.offset, 7)
        assert.equal(describeValue(error.bytes), 'Uint8Array(1 2) of 2')
        assert.ok(error.cause instanceof TypeError)
        assert.match(error.stack ?? '', /conformance-errors/)
      }),
  },
  {
    name: 'errors of the language and of the system keep their classes and fields',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const builtin = await rejectionOf(link.call('fail', 'builtin'))
        assert.ok(builtin instanceof RangeError)
        const system = (await rejectionOf(link.call('fail', 'system'))) as NodeJS.ErrnoException
        assert.equal(system.constructor, Error)
        assert.deepEqual([system.code, system.errno, system.syscall], ['ECONNREFUSED', -111, 'connect'])
        const aggregate = await rejectionOf(link.call('fail', 'aggregate'))
        assert.ok(aggregate instanceof AggregateError)
        assert.ok(aggregate.errors[0] instanceof TypeError)
        assert.ok(aggregate.errors[1] instanceof ConformanceError)
        const abort = await rejectionOf(link.call('fail', 'abort'))
        assert.ok(abort instanceof DOMException)
        assert.equal(abort.name, 'AbortError')
      }),
  },
  {
    name: 'an error of an unknown class, and what is none, arrive as themselves in substance',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const stranger = await rejectionOf(link.call('fail', 'stranger'))
        assert.ok(stranger instanceof RemoteError)
        assert.equal(stranger.remoteCode, 'CONFORMANCE_STRANGER')
        assert.equal(stranger.fields['detail'], 'kept')
        assert.deepEqual(await rejectionOf(link.call('fail', 'other')), { not: 'an error' })
      }),
  },
  {
    name: 'an engine that cannot be made rejects its placing with its own error',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        const error = await rejectionOf(rig.place({ options: { create: 'fail', firstTicks: 2 } }))
        assert.ok(error instanceof ConformanceError)
        assert.equal(await rig.link.call('echo', 'the other lives'), 'the other lives')
      }),
  },
  {
    name: 'a command that the engine does not have is a ContractError',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const error = await rejectionOf(link.call('nothing' as 'echo', 1))
        assert.ok(error instanceof ContractError)
        assert.equal(error.missing, "command 'nothing'")
      }),
  },
  {
    name: 'what a handler throws reaches onError, and the stream goes on',
    run: async (makeHost) => {
      const events = {
        tick: ({ seq }: { seq: number }): void => {
          if (seq === 1) throw new RangeError('first')
        },
        noise: (): Promise<void> => Promise.reject(new RangeError('second')),
      }
      await Rig.use(makeHost, { events }, async (rig) => {
        await rig.link.call('burst', 3)
        await rig.link.call('noise', 1)
        await rig.link.call('echo', 1)
        assert.deepEqual(
          rig.errors.map((error) => (error as Error).message),
          ['first', 'second'],
        )
        assert.equal(rig.link.stats.handlerErrors, 2)
        assert.equal(rig.link.stats.delivered, 4)
      })
    },
  },
  {
    name: 'what a question is answered with, or fails by, reaches the engine',
    run: async (makeHost) => {
      const double = async (value: unknown): Promise<unknown> => {
        if (value === 'fail') throw new ConformanceError(1, new Uint8Array())
        if (value === 'forbidden') return () => undefined
        return [value, value]
      }
      await Rig.use(makeHost, { double }, async ({ link }) => {
        assert.deepEqual(await link.call('ask', { value: 'x' }), { answer: ['x', 'x'] })
        assert.deepEqual(await link.call('ask', { value: 'fail' }), { error: 'CONFORMANCE_REFUSED' })
        assert.deepEqual(await link.call('ask', { value: 'forbidden' }), { error: 'LOOP_NOT_PLAIN' })
      })
    },
  },
]

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not reject')
}
