import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

const loader = new URL('./register-sources.mjs', import.meta.url).href
const wallClock = new URL('./jumping-wall-clock.mjs', import.meta.url).href

export const packageTests = (name, { floor = {}, exclude = [], workers = 2 } = {}) =>
  defineConfig({
    ssr: { resolve: { conditions: ['@x/source', ...defaultServerConditions] } },
    test: {
      name,
      include: ['tests/**/*.test.ts'],
      execArgv: ['--enable-source-maps', '--import', loader, '--import', wallClock],
      // files share a process: what one leaves behind is another's failure, and none pays for a start of its own
      isolate: false,
      maxWorkers: workers,
      testTimeout: 20_000,
      hookTimeout: 20_000,
      expect: { poll: { timeout: 15_000 } },
      unstubEnvs: true,
      reporters: ['default', ['json', { outputFile: 'reports/tests.json' }]],
      coverage: {
        include: ['src/**'],
        // v8 does not count code that runs in workers; a thread entry only starts what loop-mode tests cover
        exclude: ['src/**/*.thread.ts', ...exclude],
        reporter: ['text-summary', 'json-summary'],
        reportsDirectory: 'reports/coverage',
        thresholds: { lines: 95, functions: 95, branches: 90, statements: 95, ...floor },
      },
    },
  })
