import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, it } from 'vitest'
import { CHANNELS } from '../../src/adapters/index.ts'
import { anchors, documents, read, sources } from './package-text.ts'

const DOCUMENTS = documents()
const SOURCES = sources()
const ALL_TEXT = [...DOCUMENTS.values()].join('\n')

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly '@x/source': string }>>
}

const { exports: ENTRIES } = JSON.parse(read('package.json')) as Manifest

/** The entries of a user's program by their names: those that begin a worker run when they are imported. */
const MODULES = Object.entries(ENTRIES).flatMap(([entry, target]) =>
  typeof target === 'string' || entry === './piscina-thread' ? [] : [[entry, target['@x/source']] as const],
)

function found(pattern: RegExp): Set<string> {
  return new Set(
    [...SOURCES.values()].flatMap((source) => Array.from(source.matchAll(pattern), ([, name = '']) => name)),
  )
}

describe('the documents', () => {
  it('mention every entry of the package in the README', () => {
    const names = Object.keys(ENTRIES).filter((entry) => entry !== './package.json')
    expect(names.length).toBeGreaterThan(25)
    const missing = names.filter(
      (entry) => !DOCUMENTS.get('README.md')?.includes(`\`${entry.replace('.', '@x/loop-utils')}\``),
    )
    expect(missing).toEqual([])
  })

  it.each(MODULES)('mention everything that can be called of %s', async (_, source) => {
    const names = Object.keys((await import(new URL(`../../${source}`, import.meta.url).href)) as object)
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(ALL_TEXT))).toEqual([])
  })

  it('list every code of an error or warning, with the class of the error', () => {
    const text = DOCUMENTS.get('docs/errors.md') ?? ''
    const codes = found(/\bcode(?: =|:) '(LOOP_[A-Z_]+)'/g)
    expect(codes.size).toBeGreaterThan(30)
    expect([...codes].filter((code) => !text.includes(`| \`${code}\` |`))).toEqual([])

    const classes = [...SOURCES.values()].flatMap((source) =>
      Array.from(source.matchAll(/name = '(\w+)'\n {2}readonly code = '(LOOP_\w+)'/g), ([, name = '', code = '']) => [
        code,
        name,
      ]),
    )
    expect(classes.length).toBeGreaterThan(30)
    expect(classes.filter(([code, name]) => !text.includes(`| \`${code}\` | \`${name}\` |`))).toEqual([])
  })

  it('list no code that there is not', () => {
    const codes = found(/\bcode(?: =|:) '(LOOP_[A-Z_]+)'/g)
    const listed = [...ALL_TEXT.matchAll(/`(LOOP_[A-Z_]+)`/g)].map(([, code = '']) => code)
    expect(listed.filter((code) => !codes.has(code))).toEqual([])
  })

  it('list every diagnostics channel with the fields of its messages', () => {
    const text = DOCUMENTS.get('docs/reference-observability.md') ?? ''
    const points = found(/new ObservationPoint\('(x:loop-utils:[a-z:-]+)'\)/g)
    expect(points.size).toBeGreaterThan(10)
    const row = (name: string): string => text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
    expect([...points].filter((name) => row(name) === '')).toEqual([])
    const missing = CHANNELS.flatMap(({ name, fields }) =>
      fields.filter((field) => !row(name).includes(`\`${field}\``)).map((field) => `${name} ${field}`),
    )
    expect(missing).toEqual([])
  })

  it('link to files and headings that there are', () => {
    const broken = [...DOCUMENTS].flatMap(([path, text]) =>
      Array.from(text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g))
        .filter(([, file = '', anchor]) => !isThere(file === '' ? path : join(dirname(path), file), anchor))
        .map(([link]) => `${path}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('are easy to read: a short README, and no long lines but in tables', () => {
    expect(DOCUMENTS.get('README.md')?.split('\n').length).toBeLessThanOrEqual(300)
    const long = [...DOCUMENTS].flatMap(([path, text]) =>
      text
        .split('\n')
        .flatMap((line, index) => (line.length > 140 && !line.startsWith('|') ? [`${path}:${index + 1}`] : [])),
    )
    expect(long).toEqual([])
  })
})

/** Whether a file is there; of a document, also the heading. */
function isThere(path: string, anchor: string | undefined): boolean {
  if (!existsSync(new URL(`../../${path}`, import.meta.url))) return false
  return anchor === undefined || anchors(DOCUMENTS.get(path) ?? '').has(anchor)
}
