import { serveLoop } from '../../src/loop-manager/serve-loop.ts'

/** What the loop of this worker can be asked. */
export type DeadlineHandlers = {
  readonly left: () => number | undefined
  readonly leftLater: () => Promise<number | undefined>
  readonly hang: () => Promise<never>
}

await serveLoop(({ dispatcher }): DeadlineHandlers => ({
  left: () => dispatcher.callDeadline?.remaining(),
  leftLater: async () => {
    const deadline = dispatcher.callDeadline
    await new Promise<void>((resolve) => setImmediate(resolve))
    // the call is not what runs any more, but its deadline was kept
    return dispatcher.callDeadline === undefined ? deadline?.remaining() : -1
  },
  // until its caller gives up, so that the loop can be closed
  hang: () =>
    new Promise((_, reject) => {
      dispatcher.callSignal?.addEventListener('abort', () => reject(new Error('given up')))
    }),
}))
