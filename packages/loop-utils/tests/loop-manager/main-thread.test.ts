import { expect, it } from 'vitest'
import { serveLoop } from '../../src/loop-manager/index.ts'
import { rejection } from '../settled.ts'

it('the main thread serves no loop to itself', async () => {
  expect(await rejection(serveLoop(() => ({})))).toMatchObject({
    code: 'LOOP_WRONG_THREAD',
    message: expect.stringContaining('serveLoop belongs into the entry of a worker thread'),
    threadId: 0,
  })
})
