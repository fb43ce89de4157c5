import { expect, it } from 'vitest'
import { serveEngines } from '../../src/channel/thread.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'

it('the main thread serves no engines', () => {
  expect(() => serveEngines([conformanceEngine])).toThrow(
    expect.objectContaining({
      code: 'LOOP_SERVICE_STATE',
      operation: 'serve engines',
      message: 'cannot serve engines while on the main thread; call it in the entry of a worker',
    }),
  )
})
