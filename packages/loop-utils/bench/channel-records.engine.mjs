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
          const isWritable = context.emit('record', { peer: 'rrc00', bytes: makeRecord(size, index) })
          if (!isWritable) await context.writable()
        }
      },
      /** Many records in an event, copied. */
      copiedTogether: async ({ count, size }) => {
        for (let index = 0; index < count; index += SLICE) {
          const records = Array.from({ length: Math.min(SLICE, count - index) }, (_, at) => makeRecord(size, index + at))
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
          const record = makeRecord(size, index)
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

function makeRecord(size, index) {
  const record = new Uint8Array(size)
  record[0] = index
  return record
}
