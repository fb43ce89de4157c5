import { checkDuration, checkFunction, checkText, OptionError } from '@x/loop-utils/errors'
import { expectNoLeaks } from '../leaks/expect-no-leaks.ts'
import { LeakWatch, type LeakOptions } from '../leaks/leak-watch.ts'
import { CleanupStack } from './cleanup-stack.ts'
import { MODE_CASES, type ModeCase } from './mode-case.ts'

/** What a test body gets. */
export interface ModeContext<H = undefined> extends ModeCase {
  /** What the suite's `createHost` made for this run; undefined without one. */
  readonly host: H
  /** Follows what the body makes; `leaks.watch(emitter)` counts that emitter's listeners. */
  readonly leaks: LeakWatch
  /** Runs `cleanup` after the body, also when that failed; the last one given runs first. */
  readonly defer: (cleanup: () => unknown) => void
}

/** How one test runs in its modes. */
export interface BothModesOptions {
  /** Time limit of one run, in milliseconds. Default: the runner's own. */
  readonly timeoutMs?: number
  /** How to look for leaks after the body; false to not look. */
  readonly leaks?: LeakOptions | false
  /** Which cases to run. Default: all three. */
  readonly cases?: readonly ModeCase[]
}

/** The functions of a test runner that are needed; those of vitest and jest fit as they are. */
export interface TestRunner {
  readonly describe: (name: string, suite: () => void) => unknown
  readonly it: (name: string, test: () => Promise<void>, timeoutMs?: number) => unknown
}

/** What the tests of a suite have in common. */
export interface BothModesSetup<H> {
  readonly runner: TestRunner
  /** Makes what a body gets as `host`, such as an engine host; it is disposed before the search for leaks. */
  readonly createHost?: (modeCase: ModeCase) => H | Promise<H>
}

/** Declares one test that runs in every mode. */
export type BothModes<H> = (
  name: string,
  body: (context: ModeContext<H>) => void | Promise<void>,
  options?: BothModesOptions,
) => void

/**
 * Makes the function that declares a test in every mode, for a runner of your choice.
 *
 * @example
 * import { describe, it } from '@jest/globals'
 * const bothModes = createBothModes({ runner: { describe, it } })
 */
export function createBothModes<H = undefined>(setup: BothModesSetup<H>): BothModes<H> {
  checkFunction('runner.describe', setup.runner.describe)
  checkFunction('runner.it', setup.runner.it)
  return (name, body, options = {}) => {
    checkText('name', name)
    checkFunction('body', body)
    const { cases = MODE_CASES, leaks = {} } = options
    const rest = options.timeoutMs === undefined ? [] : ([checkDuration('timeoutMs', options.timeoutMs)] as const)
    if (cases.length === 0) throw new OptionError('cases', cases, 'at least one case')
    setup.runner.describe(name, () => {
      for (const modeCase of cases) {
        setup.runner.it(modeCase.label, () => runCase({ setup, body, modeCase, leaks }), ...rest)
      }
    })
  }
}

interface CaseRun<H> {
  readonly setup: BothModesSetup<H>
  readonly body: Parameters<BothModes<H>>[1]
  readonly modeCase: ModeCase
  readonly leaks: LeakOptions | false
}

async function runCase<H>({ setup, body, modeCase, leaks }: CaseRun<H>): Promise<void> {
  const run = async (watch: LeakWatch): Promise<void> => {
    const cleanups = new CleanupStack()
    try {
      const host = (await setup.createHost?.(modeCase)) as H
      if (isDisposable(host)) cleanups.add(() => host[Symbol.asyncDispose]())
      await body({ ...modeCase, host, leaks: watch, defer: (cleanup) => cleanups.add(cleanup) })
    } catch (error) {
      await cleanups.unwind().catch(() => undefined)
      throw error
    }
    await cleanups.unwind()
  }
  if (leaks !== false) return expectNoLeaks(run, leaks)
  using watch = new LeakWatch()
  return await run(watch)
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value
}
