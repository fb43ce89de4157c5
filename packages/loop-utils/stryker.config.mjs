// `pnpm mutation` changes the sources piece by piece and tells which changes no test of the same folder notices.
// It takes hours; `X_MUTATE=breaker,rate pnpm mutation` tries these folders, and with `X_SAMPLE=5` only what lies within
// every fifth line. `pnpm mutation:all` goes folder by folder and prints one table.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const sources = fileURLToPath(new URL('src/', import.meta.url))
const chosen = process.env.X_MUTATE?.split(',') ?? readdirSync(sources).filter((name) => !name.endsWith('.ts'))
const every = Number(process.env.X_SAMPLE ?? 1)

/** What is changed of a folder: all of it, or a sample of lines. */
function partsOf(folder) {
  if (every === 1) return [`src/${folder}/*.ts`]
  return readdirSync(`${sources}${folder}`).flatMap((name) => {
    const file = `src/${folder}/${name}`
    const { length } = name.endsWith('.ts') ? readFileSync(`${sources}${folder}/${name}`, 'utf8').split('\n') : ''
    return Array.from({ length: Math.floor(length / every) }, (_, i) => `${file}:${(i + 1) * every}-${(i + 1) * every}`)
  })
}

export default {
  packageManager: 'pnpm',
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  mutate: [...chosen.flatMap(partsOf), '!src/**/index.ts', '!src/**/*.thread.ts'],
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
