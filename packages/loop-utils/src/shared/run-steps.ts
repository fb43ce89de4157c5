import type { Park, Protocol } from './shared-memory.ts'

/** How far a protocol came: to its end, or to where it must sleep. */
export type Progress<R> = { readonly isDone: true; readonly value: R } | { readonly isDone: false; readonly park: Park }

/** Runs a protocol until it ends or must sleep. It is not resumed: after the sleep a new one is started. */
export function runToPark<R>(protocol: Protocol<R>): Progress<R> {
  for (;;) {
    const step = protocol.next()
    if (step.done === true) return { isDone: true, value: step.value }
    if (step.value !== undefined) return { isDone: false, park: step.value }
  }
}

/** Runs a protocol that never sleeps. */
export function runSteps<R>(protocol: Protocol<R>): R {
  const progress = runToPark(protocol)
  if (progress.isDone) return progress.value
  throw new Error('a protocol that never sleeps wanted to')
}
