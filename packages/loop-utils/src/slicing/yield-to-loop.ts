import { checkSignal } from '../errors/option-checks.ts'

/**
 * Gives the loop a turn: resolves after I/O that is ready was handled; timers that are due run by the second yield in a
 * row at the latest. Rejects with `signal.reason` when aborted before or meanwhile, or with OptionError when `signal` is
 * no AbortSignal. Leaves nothing behind, no listener either.
 */
export async function yieldToLoop(signal?: AbortSignal): Promise<void> {
  checkSignal('signal', signal)
  signal?.throwIfAborted()
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
  signal?.throwIfAborted()
}
