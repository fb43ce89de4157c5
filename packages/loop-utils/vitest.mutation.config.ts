import { packageTests } from '@x/vitest-config'
import type { ViteUserConfig } from 'vitest/config'

const folders = (process.env['X_MUTATE'] ?? '*').split(',')
const config = packageTests('loop-utils')

/** The tests that judge mutants: those of the mutated folders, without those that would take minutes for each. */
const judges: ViteUserConfig = {
  ...config,
  test: {
    ...config.test,
    include: folders.map((folder) => `tests/${folder}/*.test.ts`),
    exclude: [
      // reads the sources, which are rewritten
      'tests/errors/error-codes.test.ts',
      // simulates hours of hundreds of clients
      'tests/rate/retry-storm.test.ts',
      // judges by processor time
      'tests/dispatch/{fairness,idle-cost}.test.ts',
      // what runs in a thread or process of its own is not rewritten there
      'tests/concurrency/import-alone.test.ts',
      'tests/lane/lane-threads.test.ts',
      'tests/host/{crash,process-life}.test.ts',
      'tests/shared/threads.test.ts',
    ],
    // a mutant that hangs fails by this rather than by a new start of the runner
    testTimeout: 8000,
    hookTimeout: 8000,
  },
}

export default judges
