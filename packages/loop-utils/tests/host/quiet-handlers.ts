import type { FacadeHandlers } from '../../src/channel/index.ts'
import type { ConformanceContract } from '../../src/testing/conformance/conformance-contract.ts'

const ignore = (): void => undefined

/** Handlers that do nothing, for tests of what surrounds them. */
export const quietHandlers: FacadeHandlers<ConformanceContract> = {
  events: { tick: ignore, value: ignore, level: ignore, noise: ignore, records: ignore, farewell: ignore },
  questions: { double: (value) => value },
}
