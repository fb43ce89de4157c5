import { parentPort, resourceLimits } from 'node:worker_threads'
import { OptionError } from '../../src/errors/option-error.ts'
import { serveLoop } from '../../src/loop-manager/serve-loop.ts'
import { ThreadCounter } from '../../src/shared/thread-counter.ts'
import { ThreadLatch } from '../../src/shared/thread-latch.ts'
import { RadioOffError } from './radio-off-error.ts'

/** How the test wants its worker to behave. */
export interface RadioData {
  readonly setup?: 'fail' | 'fail late' | 'off' | 'hang' | 'exit'
  readonly closed?: SharedArrayBuffer
  readonly release?: 'fail' | 'hang'
  readonly inSetup?: SharedArrayBuffer
  /** Opened when the set-up may go on. */
  readonly go?: SharedArrayBuffer
  /** What its port tells beside what a loop does. */
  readonly noise?: readonly unknown[]
}

export interface OwnerHandlers {
  readonly [name: string]: (...args: never[]) => unknown
  readonly heard: (text: string) => string
}

interface Owner {
  call(name: 'heard', args: [string]): Promise<string>
  emit(name: 'heard', text: string): boolean
}

function handlers(owner: Owner | undefined) {
  return {
    add: (a: number, b: number): number => a + b,
    refuse: (option: string): never => {
      throw new OptionError(option, 1, 'something else')
    },
    ask: async (text: string): Promise<string> => (await owner?.call('heard', [text])) ?? 'no owner',
    shout: (text: string): boolean => owner?.emit('heard', text) ?? false,
    off: (channel: number): never => {
      throw new RadioOffError(channel)
    },
    heapLimit: (): number | undefined => resourceLimits.maxOldGenerationSizeMb,
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
  const { closed, go, inSetup, noise = [], release, setup } = data as RadioData
  for (const message of noise) parentPort?.postMessage(message)
  if (inSetup !== undefined) new ThreadLatch(inSetup).countDown()
  if (go !== undefined) await new ThreadLatch(go).wait({ ref: true })
  if (setup === 'fail') throw new OptionError(name, 1, 'a better antenna')
  if (setup === 'off') throw new RadioOffError(0)
  if (setup === 'fail late') {
    resources.defer(async () => {
      for (let turn = 0; turn < 100; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
      if (closed !== undefined) new ThreadCounter(closed).add(1)
      throw new Error('and cannot be released')
    })
    throw new Error('too late')
  }
  if (setup === 'exit') process.exit(4)
  if (setup === 'hang') await new Promise(() => setInterval(() => undefined, 1000))
  resources.defer(() => {
    if (closed !== undefined) new ThreadCounter(closed).add(signal.aborted ? 1 : 100)
    if (release === 'fail') throw new Error('cannot be released')
    if (release === 'hang') setInterval(() => undefined, 1000)
  })
  return handlers(owner)
})
