import { OptionError } from '../../src/errors/option-error.ts'
import { serveLoop } from '../../src/loop-manager/serve-loop.ts'
import { ThreadCounter } from '../../src/shared/thread-counter.ts'
import { ThreadLatch } from '../../src/shared/thread-latch.ts'

/** How the test wants its worker to behave. */
export interface RadioData {
  readonly setup?: 'fail' | 'hang' | 'exit'
  readonly closed?: SharedArrayBuffer
  readonly release?: 'fail' | 'hang'
  readonly inSetup?: SharedArrayBuffer
  /** Opened when the set-up may go on. */
  readonly go?: SharedArrayBuffer
}

export interface OwnerHandlers {
  readonly [name: string]: (...args: never[]) => unknown
  readonly heard: (text: string) => string
}

function handlers(owner: { call(name: 'heard', args: [string]): Promise<string> } | undefined) {
  return {
    add: (a: number, b: number): number => a + b,
    refuse: (option: string): never => {
      throw new OptionError(option, 1, 'something else')
    },
    ask: async (text: string): Promise<string> => (await owner?.call('heard', [text])) ?? 'no owner',
    crash: (): void => {
      setTimeout(() => {
        throw new Error('short circuit')
      }, 0)
    },
    exit: (code: number): void => process.exit(code),
    fault: (): void => {
      throw new Error('nobody waits for this')
    },
    hold: (started: SharedArrayBuffer): void => {
      new ThreadLatch(started).countDown()
      for (;;);
    },
  }
}

export type RadioHandlers = ReturnType<typeof handlers>

await serveLoop<OwnerHandlers>(async ({ data, name, owner, resources, signal }) => {
  const { closed, go, inSetup, release, setup } = data as RadioData
  if (inSetup !== undefined) new ThreadLatch(inSetup).countDown()
  if (go !== undefined) await new ThreadLatch(go).wait({ ref: true })
  if (setup === 'fail') throw new OptionError(name, 1, 'a better antenna')
  if (setup === 'exit') process.exit(4)
  if (setup === 'hang') await new Promise(() => setInterval(() => undefined, 1000))
  resources.defer(() => {
    if (closed !== undefined) new ThreadCounter(closed).add(signal.aborted ? 1 : 100)
    if (release === 'fail') throw new Error('cannot be released')
    if (release === 'hang') setInterval(() => undefined, 1000)
  })
  return handlers(owner)
})
