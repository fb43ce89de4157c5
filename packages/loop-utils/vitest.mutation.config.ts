import { relative } from 'node:path'
import { packageTests } from '@x/vitest-config'
import type { ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Cheap files first, as the first failure ends the trial of a mutant: most end before a file that starts threads. */
class CheapestFirst extends BaseSequencer {
  /** The longest that each file took, as a later run may have been of some of its tests. */
  readonly #costs = new Map<string, number>()

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => this.#costOf(a) - this.#costOf(b))
  }

  #costOf({ moduleId, project }: TestSpecification): number {
    const key = `${project.name}:${relative(this.ctx.config.root, moduleId)}`
    const cost = Math.max(this.#costs.get(key) ?? 0, this.ctx.cache.getFileTestResults(key)?.duration ?? 0)
    this.#costs.set(key, cost)
    return cost
  }
}

/** Tests beside those of its own folder that a folder is judged by. */
const JUDGED_BY: Readonly<Record<string, readonly string[]>> = {
  channel: ['conformance/laws'],
  dispatch: ['observe/quiet-parts'],
  executor: ['observe/quiet-parts'],
  host: ['conformance/laws'],
  'loop-manager': ['observe/quiet-parts'],
  policy: ['retry/*', 'timeout/*'],
  rate: ['observe/quiet-parts'],
  shared: ['observe/quiet-parts'],
}

/** Folders whose tests start threads from sources, for which each start of the runner gets ready. */
const STARTS_THREADS = new Set(['*', 'clock', 'errors', 'executor', 'host', 'loop-manager', 'thread-event'])

const mutated = (process.env['X_MUTATE'] ?? '*').split(',')
const judges = new Set(mutated.flatMap((folder) => [`${folder}/*`, ...(JUDGED_BY[folder] ?? [])]))
const startsThreads = mutated.some((folder) => STARTS_THREADS.has(folder))
const config = packageTests('loop-utils')

/** The tests that judge mutants: those of the mutated folders, without those that would take minutes for each. */
const judging: ViteUserConfig = {
  ...config,
  test: {
    ...config.test,
    execArgv: startsThreads ? (config.test?.execArgv ?? []) : [],
    sequence: { sequencer: CheapestFirst },
    include: Array.from(judges, (files) => `tests/${files}.test.ts`),
    exclude: [
      // reads the sources, which are rewritten
      'tests/errors/error-codes.test.ts',
      // the runner has its tests in a worker
      'tests/*/main-thread.test.ts',
      // what runs in a thread or process of its own is not rewritten there
      'tests/concurrency/import-alone.test.ts',
      'tests/host/{crash,process-life}.test.ts',
      'tests/*/*-threads.test.ts',
      'tests/shared/threads.test.ts',
      // judge by processor time
      'tests/dispatch/{fairness,idle-cost}.test.ts',
      // many thousands of random steps, or hours of hundreds of clients
      'tests/breaker/breaker-laws.test.ts',
      'tests/concurrency/*-laws.test.ts',
      'tests/dispatch/prefix-law.test.ts',
      'tests/policy/{compose-laws,listeners}.test.ts',
      'tests/rate/{limiter-laws,retry-storm}.test.ts',
    ],
    // a mutant that hangs fails by this rather than by a new start of the runner
    testTimeout: 8000,
    hookTimeout: 8000,
  },
}

export default judging
