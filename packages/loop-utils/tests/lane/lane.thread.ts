import { parentPort, workerData } from 'node:worker_threads'
import { type LaneReaderHandle, type LaneWriterHandle, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'

/** What a worker of the lane tests is told to do. */
export type LanePlan =
  | { readonly job: 'write'; readonly writer: LaneWriterHandle; readonly count: number; readonly burst: number }
  | { readonly job: 'write-blocking'; readonly writer: LaneWriterHandle; readonly count: number }
  | {
      readonly job: 'write-and-die'
      readonly writer: LaneWriterHandle
      readonly count: number
      readonly burst: number
      readonly death: 'exit' | 'throw' | 'idle'
    }
  | { readonly job: 'read'; readonly reader: LaneReaderHandle; readonly isReferenced: boolean }
  | { readonly job: 'echo'; readonly reader: LaneReaderHandle; readonly writer: LaneWriterHandle }

const plan = workerData as LanePlan

async function write(writer: LaneWriterHandle, count: number, burst: number): Promise<void> {
  const lane = openLaneWriter<number>(writer)
  for (let i = 0; i < count; i++) {
    if (!lane.write(i)) await lane.writable()
    if (i % burst === burst - 1) await new Promise((resolve) => setImmediate(resolve))
  }
}

switch (plan.job) {
  case 'write':
    await write(plan.writer, plan.count, plan.burst)
    break
  case 'write-blocking': {
    const lane = openLaneWriter<number>(plan.writer)
    let isOpen = true
    for (let i = 0; i < plan.count && isOpen; i++) {
      if (!lane.write(i)) isOpen = lane.writableSync()
    }
    if (isOpen) lane.close()
    parentPort?.postMessage({ isOpen })
    break
  }
  case 'write-and-die':
    await write(plan.writer, plan.count, plan.burst)
    if (plan.death === 'exit') process.exit(3)
    if (plan.death === 'throw') throw new Error('thrown on purpose')
    parentPort?.once('message', () => undefined)
    parentPort?.postMessage('idle')
    break
  case 'read': {
    const lane = openLaneReader<number>(plan.reader)
    let sum = 0
    let count = 0
    lane.open({
      item: (value) => {
        sum += value
        count++
      },
      end: (reason) => parentPort?.postMessage({ reason, sum, count }),
    })
    if (plan.isReferenced) lane.ref()
    parentPort?.postMessage('reading')
    break
  }
  case 'echo': {
    const writer = openLaneWriter<unknown>(plan.writer)
    const reader = openLaneReader<unknown>(plan.reader)
    reader.open({
      item: (value) => writer.write(value),
      end: () => writer.close(),
    })
    reader.ref()
    break
  }
}
