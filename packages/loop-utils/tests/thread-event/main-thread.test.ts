import { expect, it } from 'vitest'
import { ThreadEvent } from '../../src/dispatch/index.ts'

it('the main thread does not wait for a thread event in a way that blocks it', () => {
  expect(() => new ThreadEvent().waitSync(1)).toThrow(expect.objectContaining({ code: 'LOOP_WRONG_THREAD' }))
})
