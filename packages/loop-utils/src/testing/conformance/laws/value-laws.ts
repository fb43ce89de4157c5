import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { NotPlainError } from '../../../errors/not-plain-error.ts'
import { readRecords } from '../../../channel/record-batch.ts'
import type { RecordBatchData } from '../../../channel/record-batch.ts'
import type { ChannelLaw } from '../channel-law.ts'
import { describeValue } from '../describe-value.ts'
import { Rig } from '../rig.ts'

const PLAIN: readonly unknown[] = [
  null,
  undefined,
  true,
  'text ß 🎈',
  '',
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2n ** 80n,
  new Date(1_700_000_000_000),
  new Uint8Array([1, 2, 255]),
  createSecretKey(new Uint8Array([5, 6])),
  [],
  {},
  [1, [2, [null, undefined]], { a: { b: { c: [new Uint8Array(1)] } } }],
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  { none: undefined },
]

/** Law 1, plain values only, and law 5, bulk in wire form. */
export const valueLaws: readonly ChannelLaw[] = [
  {
    name: 'plain values arrive as they were sent, there and back',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        for (const value of PLAIN) {
          assert.equal(await link.call('describe', value), describeValue(value))
          assert.equal(describeValue(await link.call('echo', value)), describeValue(value))
        }
        assert.equal((Object.prototype as { polluted?: unknown }).polluted, undefined)
      }),
  },
  {
    name: 'bytes arrive as exact-length Uint8Array, whatever they were a part of',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const pool = new Uint8Array([9, 8, 7, 6])
        assert.equal(await link.call('describe', Buffer.from('abc')), 'Uint8Array(97 98 99) of 3')
        assert.equal(await link.call('describe', { deep: [pool.subarray(1, 3)] }), '{deep: [Uint8Array(8 7) of 2]}')
        assert.equal(await link.call('describe', new Uint8Array(0)), 'Uint8Array() of 0')
        assert.equal(describeValue(pool), 'Uint8Array(9 8 7 6) of 4')
      }),
  },
  {
    name: 'what an engine emits arrives in the same form in every mode',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        await rig.link.call('emitOddValues', null)
        assert.deepEqual(rig.of('value').map(describeValue), [
          'Uint8Array(97 98 99) of 3',
          'Uint8Array(2 3 4) of 3',
          'Uint8Array(0 0) of 2',
          'Uint8Array() of 0',
          '{a: 1, bytes: Uint8Array(120) of 1}',
          'Date(86400000)',
          '{when: Date(0), big: 1180591620717411303424n, key: KeyObject(secret 736563726574), none: undefined}',
        ])
      }),
  },
  {
    name: 'an engine that emits what cannot cross gets the path of it',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        const kinds = ['function', 'symbol', 'error', 'signal', 'map', 'instance', 'words', 'buffer', 'promise']
        for (const kind of kinds) {
          const error = await rig.link.call('emitForbidden', kind)
          assert.deepEqual(error, { code: 'LOOP_NOT_PLAIN', path: 'value.list[1].inner' }, kind)
        }
        const cycle = await rig.link.call('emitForbidden', 'cycle')
        assert.equal(cycle.code, 'LOOP_NOT_PLAIN')
        assert.deepEqual(rig.seen, [])
      }),
  },
  {
    name: 'a caller who gives what cannot cross gets the path of it, and so does one who is answered so',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async ({ link }) => {
        const signal = new AbortController().signal
        await assert.rejects(link.call('echo', { options: [{ signal }] }), (error: unknown) => {
          assert.ok(error instanceof NotPlainError)
          assert.equal(error.path, 'echo.input.options[0].signal')
          assert.equal(error.found, 'an instance of AbortSignal')
          return true
        })
        await assert.rejects(link.call('answerForbidden', null), (error: unknown) => {
          assert.ok(error instanceof NotPlainError)
          assert.equal(error.path, 'answerForbidden.output.callback')
          return true
        })
      }),
  },
  {
    name: 'options that cannot cross are refused when the engine is placed',
    run: (makeHost) =>
      Rig.use(makeHost, {}, async (rig) => {
        const placing = rig.place({ options: { extra: { lookup: () => undefined } } })
        await assert.rejects(placing, (error: unknown) => {
          assert.ok(error instanceof NotPlainError)
          assert.equal(error.path, 'options.extra.lookup')
          return true
        })
      }),
  },
  {
    name: 'an engine has a copy of its options',
    run: async (makeHost) => {
      const extra = { list: [1], bytes: Buffer.from('ab') }
      await Rig.use(makeHost, { options: { extra } }, async ({ link }) => {
        extra.list.push(2)
        extra.bytes.fill(0)
        assert.equal(
          describeValue(await link.call('options', null)),
          '{extra: {list: [1], bytes: Uint8Array(97 98) of 2}}',
        )
      })
    },
  },
  {
    name: 'records cross in batches and are read as views, in order',
    run: (makeHost) =>
      Rig.use(makeHost, { host: { link: { highWaterMark: 4 } } }, async (rig) => {
        await rig.link.call('records', { count: 1050, size: 75 })
        const batches = rig.of<RecordBatchData>('records')
        assert.equal(batches.length, 11)
        const records = batches.flatMap((batch) => [...readRecords(batch)])
        assert.equal(records.length, 1050)
        for (const [index, record] of records.entries()) {
          assert.equal(record.byteLength, 75)
          assert.equal(record[74], index % 256)
        }
      }),
  },
]
