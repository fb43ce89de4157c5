import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplesOf, missingLine } from './examples.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const here = fileURLToPath(new URL('..', import.meta.url))

const documents = ['packages', 'apps']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((entry) => /^(README|docs[/\\].*)\.md$/.test(entry))
      .map((entry) => join(folder, entry)),
  )
  .concat(join(root, 'README.md'))

const examples = documents.flatMap((file) =>
  examplesOf(readFileSync(file, 'utf8')).map((example) => ({
    ...example,
    name: `${relative(root, file)}:${example.line}`,
  })),
)

describe('the examples in the documents', () => {
  let folder: string
  beforeAll(() => {
    // inside this package, so that every @x package resolves as an installed one
    folder = mkdtempSync(join(here, 'reports-examples-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are there', () => {
    expect(examples.filter(({ notRun }) => notRun === undefined).length).toBeGreaterThan(0)
  })

  it('say why where they are not run', () => {
    expect(examples.filter(({ notRun }) => notRun === '').map(({ name }) => name)).toEqual([])
  })

  it.each(examples.filter(({ notRun }) => notRun === undefined))(
    'runs and prints what it says: $name',
    async (example) => {
      const file = join(folder, `${example.name.replace(/\W+/g, '-')}.mjs`)
      writeFileSync(file, example.code)
      const { NODE_OPTIONS: _, ...env } = process.env
      const { stdout, stderr } = await run(process.execPath, [file], { env, timeout: 30_000 })
      expect(missingLine(example.prints, stdout), `printed:\n${stdout}${stderr}`).toBeUndefined()
    },
    40_000,
  )
})

describe('the reader of examples', () => {
  const text = [
    '# A',
    '```sh',
    'ls',
    '```',
    '```js',
    "console.log('a') // → a",
    '```',
    '```js no-run needs a CCU',
    'x',
    '```',
  ]

  it('takes the js blocks, their output and the reason not to run', () => {
    expect(examplesOf(text.join('\n'))).toEqual([
      { line: 6, code: "console.log('a') // → a", prints: ['a'], notRun: undefined },
      { line: 9, code: 'x', prints: [], notRun: 'needs a CCU' },
    ])
  })

  it('refuses a fence that is never closed', () => {
    expect(() => examplesOf('```js\n1')).toThrow('line 1')
  })

  it('misses a line that was not printed, or not in order', () => {
    expect(missingLine(['a', 'b'], 'a\nb')).toBeUndefined()
    expect(missingLine(['b', 'a'], 'a\nb')).toBe('a')
    expect(missingLine(['c'], 'a\nb')).toBe('c')
  })
})
