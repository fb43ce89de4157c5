import { isMainThread } from 'node:worker_threads'
import type { EngineDefinition } from '../../src/channel/index.ts'
import type { NotPlainError } from '../../src/errors/index.ts'
import { serveEngines } from '../../src/channel/thread.ts'

/** Plain as far as one can see without reading it twice. */
export function unstable(): unknown {
  return Object.assign([1], { hidden: () => 1 })
}

export interface UnstableContract {
  commands: {
    echo: (value: unknown) => unknown
    give: (input: null) => unknown
    ask: (what: 'echo' | 'unstable') => string
    emit: (event: 'lossless' | 'latest') => void
    log: (input: null) => void
  }
  events: { lossless: unknown; latest: unknown }
  questions: { echo: (value: unknown) => unknown; unstable: (value: unknown) => unknown }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export const unstableEngine: EngineDefinition<UnstableContract, null> = {
  name: 'unstable',
  delivery: { lossless: 'lossless', latest: 'latest' },
  create(context) {
    return {
      commands: {
        echo: (value) => value,
        give: () => unstable(),
        ask: async (what) => {
          try {
            return `an answer: ${String(await context.ask(what, what === 'echo' ? unstable() : 1))}`
          } catch (error) {
            return (error as NotPlainError).path
          }
        },
        emit: async (event) => {
          for (const data of [unstable(), 'after']) {
            context.emit(event, data)
            await turnOfLoop()
          }
        },
        log: () => context.log('info', { odd: unstable() }, 'odd'),
      },
      dispose: () => undefined,
    }
  },
}

if (!isMainThread) serveEngines([unstableEngine])
