import { vi, type Mock } from 'vitest'
import type { CallContext } from '../../src/policy/index.ts'

export type Attempt = (context: CallContext) => Promise<unknown>

/** A function that fails with the given errors, one after the other, then succeeds. */
export function failing(...errors: readonly unknown[]): Mock<Attempt> {
  const left = [...errors]
  return vi.fn<Attempt>(async () => {
    if (left.length > 0) throw left.shift()
    return 'success'
  })
}
