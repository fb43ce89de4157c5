import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplesOf, missingLine } from './examples.ts'
import { ExampleRunner } from './running.ts'

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
    document: file,
    name: `${relative(root, file)}:${example.line}`,
  })),
)

const run = examples.filter(({ notRun }) => notRun === undefined)

describe('the examples in the documents', () => {
  // inside this package, so that every @x package resolves as an installed one
  const folder = mkdtempSync(join(here, 'reports-examples-'))
  const runner = new ExampleRunner(folder)
  const printed = new Map<string, string>()
  beforeAll(async () => {
    for (const document of documents) {
      const group = run.filter((example) => example.document === document)
      for (const [name, output] of await runner.together(group)) printed.set(name, output)
    }
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are there', () => {
    expect(run.length).toBeGreaterThan(0)
  })

  it('say why where they are not run', () => {
    expect(examples.filter(({ notRun }) => notRun === '').map(({ name }) => name)).toEqual([])
  })

  it.each(run)(
    'runs and prints what it says: $name',
    async (example) => {
      const together = printed.get(example.name)
      if (together !== undefined && missingLine(example.prints, together) === undefined) return
      const output = await runner.alone(example)
      expect(missingLine(example.prints, output), `printed:\n${output}`).toBeUndefined()
    },
    40_000,
  )
})

describe('the runner of examples', () => {
  const folder = mkdtempSync(join(here, 'reports-examples-'))
  const runner = new ExampleRunner(folder)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const good = { name: 'good', code: "console.log('one')\nsetImmediate(() => console.log('two'))" }

  it('tells what each prints of those that run together', async () => {
    const outputs = await runner.together([{ name: 'first', code: "console.log('zero')" }, good])
    expect(Object.fromEntries(outputs)).toEqual({ first: 'zero\n', good: 'one\ntwo\n' })
  })

  it('tells nothing when one of them fails, now or later', async () => {
    for (const code of ["throw new Error('now')", "setTimeout(() => { throw new Error('later') }, 5)"]) {
      expect([...(await runner.together([good, { name: 'bad', code }, { ...good, name: 'last' }]))]).toEqual([])
      await expect(runner.alone({ name: 'bad', code })).rejects.toThrow(/now|later/)
    }
  })
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
