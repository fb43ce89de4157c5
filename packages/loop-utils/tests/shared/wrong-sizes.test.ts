import { expect, it } from 'vitest'
import {
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'

const attachments: readonly (readonly [string, (buffer: SharedArrayBuffer) => unknown])[] = [
  ['ThreadBreaker', (buffer) => new ThreadBreaker(buffer)],
  ['ThreadCounter', (buffer) => new ThreadCounter(buffer)],
  ['ThreadLatch', (buffer) => new ThreadLatch(buffer)],
  ['ThreadRateLimiter', (buffer) => new ThreadRateLimiter(buffer)],
  ['ThreadSemaphore', (buffer) => new ThreadSemaphore(buffer)],
]

it.each(attachments)('a buffer of any size that is none of a %s is refused by name', (name, attach) => {
  for (const bytes of [0, 1, 4, 8, 31, 33, 44, 64, 100, 101, 4096]) {
    expect(() => attach(new SharedArrayBuffer(bytes)), `${bytes} bytes`).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'buffer', expected: `the buffer of a ${name}` }),
    )
  }
})

it.each(attachments)('memory that threads do not share is refused as the buffer of a %s', (name, attach) => {
  for (const memory of [new ArrayBuffer(4096), new Int32Array(new SharedArrayBuffer(4096))]) {
    expect(() => attach(memory as never)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'buffer', expected: `the buffer of a ${name}` }),
    )
  }
})
