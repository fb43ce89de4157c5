import { describe, it } from 'vitest'
import { createBothModes, type BothModes } from './both-modes.ts'

export {
  createBothModes,
  type BothModes,
  type BothModesOptions,
  type BothModesSetup,
  type ModeContext,
  type TestRunner,
} from './both-modes.ts'
export { MODE_CASES, type ModeCase } from './mode-case.ts'

/**
 * Declares one test that vitest runs three times: in `loop` mode, in `loop` mode with every message cloned and frozen,
 * and in `thread` mode. After each run nothing may be left over.
 *
 * @example
 * bothModes('registers with a CCU', async ({ mode, copy, defer }) => {
 *   const server = await createAsyncXmlRpcServer({ mode })
 *   defer(() => server.stop())
 * })
 */
export const bothModes: BothModes<undefined> = createBothModes({
  runner: { describe, it },
})
