import { RecordBatch } from '@x/loop-utils/channel'

/** Some records at a time, so that the loop of the engine lives, too. */
const SLICE = 1024

/** Sends the same records in each of the ways that are compared. */
export const recordsEngine = {
  name: 'records',
  delivery: { record: 'lossless', records: 'lossless', batch: 'lossless' },
  create: (context) => ({
    commands: {
      /** One event for each record; the lane puts many of them into one message. */
      copiedSingly: async ({ count, size }) => {
        for (let index = 0; index < count; index++) {
          const isWritable = context.emit('record', { peer: 'rrc00', bytes: recordOf(size, index) })
          if (!isWritable) await context.writable()
        }
      },
      /** Many records in an event, copied. */
      copiedTogether: async ({ count, size }) => {
        for (let index = 0; index < count; index += SLICE) {
          const records = Array.from({ length: Math.min(SLICE, count - index) }, (_, at) => recordOf(size, index + at))
          if (!context.emit('records', { peer: 'rrc00', records })) await context.writable()
        }
      },
      /** Record batches, moved. */
      transferred: async ({ count, size }) => {
        const batch = new RecordBatch()
        const send = async () => {
          const { data, transfer } = batch.take()
          if (!context.emit('batch', { peer: 'rrc00', ...data }, { transfer })) await context.writable()
        }
        for (let index = 0; index < count; index++) {
          const record = recordOf(size, index)
          if (batch.append(record)) continue
          await send()
          batch.append(record)
        }
        await send()
      },
    },
    dispose: () => undefined,
  }),
}

/** What a socket has read: a record is a view of it, as an engine cuts it out. */
const chunk = new Uint8Array(65_536)
for (let at = 0; at < chunk.length; at++) chunk[at] = at % 251

function recordOf(size, index) {
  const start = (index * size) % (chunk.length - size)
  return chunk.subarray(start, start + size)
}
