// `pnpm mutation` changes the sources piece by piece and tells which changes no test of the same folder notices.
// It takes hours; `X_MUTATE=breaker,rate pnpm mutation` tries these folders.
const folders = (process.env.X_MUTATE ?? '*').split(',')

export default {
  packageManager: 'pnpm',
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  mutate: [...folders.map((folder) => `src/${folder}/*.ts`), '!src/**/index.ts', '!src/**/*.thread.ts'],
  coverageAnalysis: 'perTest',
  // what runs once, when its module is loaded, could only be tried by loading everything anew for each change
  ignoreStatic: true,
  concurrency: 2,
  // on top of the time that the tests took: generous, as a timeout counts as noticed
  timeoutMS: 5000,
  timeoutFactor: 2,
  disableTypeChecks: false,
  // TypeScript 7 has no API to rewrite a tsconfig with, and nothing here needs that
  tsconfigFile: 'none.json',
  ignorePatterns: ['bench', 'dist', 'docs', 'reports'],
  tempDirName: 'reports/stryker-tmp',
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  thresholds: { high: 95, low: 90, break: 85 },
}
