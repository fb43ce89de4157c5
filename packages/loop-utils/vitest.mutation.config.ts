import { packageTests } from '@x/vitest-config'
import type { ViteUserConfig } from 'vitest/config'

/** Folders whose behaviour shows in other ones, too. */
const JUDGED_BY: Readonly<Record<string, readonly string[]>> = {
  channel: ['channel', 'conformance'],
  policy: ['policy', 'retry', 'timeout'],
}

const mutated = (process.env['X_MUTATE'] ?? '*').split(',')
const folders = new Set(mutated.flatMap((folder) => JUDGED_BY[folder] ?? [folder]))
const config = packageTests('loop-utils')

/** The tests that judge mutants: those of the mutated folders, without those that would take minutes for each. */
const judges: ViteUserConfig = {
  ...config,
  test: {
    ...config.test,
    include: Array.from(folders, (folder) => `tests/${folder}/*.test.ts`),
    exclude: [
      // reads the sources, which are rewritten
      'tests/errors/error-codes.test.ts',
      // the runner has its tests in a worker
      'tests/shared/main-thread.test.ts',
      // what runs in a thread or process of its own is not rewritten there
      'tests/concurrency/import-alone.test.ts',
      'tests/host/{crash,process-life}.test.ts',
      'tests/lane/lane-threads.test.ts',
      'tests/shared/threads.test.ts',
      // judge by processor time
      'tests/dispatch/{fairness,idle-cost}.test.ts',
      // many thousands of random steps, or hours of hundreds of clients
      'tests/breaker/breaker-laws.test.ts',
      'tests/concurrency/*-laws.test.ts',
      'tests/dispatch/prefix-law.test.ts',
      'tests/policy/{compose-laws,listeners}.test.ts',
      'tests/rate/{limiter-laws,retry-storm}.test.ts',
      'tests/shared/semaphore-protocol.test.ts',
    ],
    // a mutant that hangs fails by this rather than by a new start of the runner
    testTimeout: 8000,
    hookTimeout: 8000,
  },
}

export default judges
