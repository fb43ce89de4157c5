import { describe, expect, it } from 'vitest'
import { type DeclaredOption, declaredOptions, plain } from './declared-options.ts'
import { type OptionRow, optionTables } from './option-tables.ts'
import { documents, sources } from './package-text.ts'

/** Interfaces that no user gives, and why. */
const INTERNAL: Readonly<Record<string, string>> = {
  ResolvedAttachOptions: 'checked options with their defaults',
  PiscinaPoolOptions: 'what a PoolExecutor gives its pool',
  WaitOptions: 'how the parts of this package wait in a queue',
  MemoryLaneOptions: 'lanes are made by hosts and dispatchers',
  LaneReaderOptions: 'lanes are made by hosts and dispatchers',
  LaneWriterOptions: 'lanes are made by hosts and dispatchers',
  LawHostOptions: 'given by the laws themselves to a host',
  ConformanceOptions: 'of the engine that the laws use',
}

/** Interfaces of options by another kind of name. */
const FURTHER = ['HandshakeLimits', 'Observer', 'ThreadBreakerRules', 'ThreadRate', 'WaitingBound']

function declared(): Map<string, DeclaredOption[]> {
  const all = new Map<string, DeclaredOption[]>()
  for (const source of sources().values()) {
    for (const [name, options] of declaredOptions(source)) {
      if (name.endsWith('Options') || FURTHER.includes(name)) all.set(name, [...(all.get(name) ?? []), ...options])
    }
  }
  return all
}

function documented(): Map<string, OptionRow[]> {
  const all = new Map<string, OptionRow[]>()
  for (const text of documents().values()) {
    for (const [name, rows] of optionTables(text)) all.set(name, [...(all.get(name) ?? []), ...rows])
  }
  return all
}

const DECLARED = declared()
const PUBLIC = new Map([...DECLARED].filter(([name]) => !Object.hasOwn(INTERNAL, name)))
const DOCUMENTED = documented()

function rowsOf(name: string, option: string): OptionRow[] {
  return (DOCUMENTED.get(name) ?? []).filter((row) => row.option === option)
}

/** What is wrong with each option of each public interface. */
function faults(find: (option: DeclaredOption, rows: readonly OptionRow[]) => string | undefined): string[] {
  return [...PUBLIC].flatMap(([name, options]) =>
    options.flatMap((option) => {
      const fault = find(option, rowsOf(name, option.name))
      return fault === undefined ? [] : [`${name}.${option.name}: ${fault}`]
    }),
  )
}

describe('the documents', () => {
  it('know options at all', () => {
    expect(PUBLIC.size).toBeGreaterThan(70)
    expect(PUBLIC.get('RetryPolicyOptions')?.map(({ name }) => name)).toContain('maxRetryAfterMs')
    expect(PUBLIC.get('KeyedRateLimiterOptions')).toEqual([{ name: 'max', isRequired: true, defaultValue: undefined }])
    expect(PUBLIC.get('ReconnectorOptions')?.find(({ name }) => name === 'stableAfterMs')?.defaultValue).toBe('30000')
    expect(DOCUMENTED.get('GcraOptions')?.length).toBe(3)
  })

  it('have a table for every interface of options', () => {
    const missing = [...PUBLIC].filter(([name, options]) => options.length > 0 && !DOCUMENTED.has(name))
    expect(missing.map(([name]) => name)).toEqual([])
  })

  it('list every option in the table of its interface', () => {
    expect(faults((_, rows) => (rows.length === 0 ? 'is in no table' : undefined))).toEqual([])
  })

  it('list no option that there is not', () => {
    const stale = [...DOCUMENTED].flatMap(([name, rows]) =>
      rows
        .filter(({ option }) => PUBLIC.get(name)?.every((one) => one.name !== option) ?? true)
        .map((row) => [name, row]),
    )
    expect(stale).toEqual([])
  })

  it('say of every option its default, its unit or range, and what it does', () => {
    const bad = faults((_, rows) =>
      rows.some(({ cells }) => cells.length !== 4 || cells.includes('')) ? 'lacks a cell' : undefined,
    )
    expect(bad).toEqual([])
  })

  it('call required what is, and nothing else', () => {
    const bad = faults(({ isRequired }, rows) =>
      rows.some(({ cells }) => (cells[1] === 'required') !== isRequired) ? 'is required or not' : undefined,
    )
    expect(bad).toEqual([])
  })

  it('tell the defaults that the sources do', () => {
    const bad = faults(({ defaultValue }, rows) => {
      if (defaultValue === undefined || rows.some(({ cells }) => plain(cells[1])?.startsWith(defaultValue) === true)) {
        return undefined
      }
      return `the default is ${defaultValue}`
    })
    expect(bad).toEqual([])
  })

  it('leave out no other interface than the internal ones that there are', () => {
    expect(Object.keys(INTERNAL).filter((name) => !DECLARED.has(name))).toEqual([])
    expect(FURTHER.filter((name) => !DECLARED.has(name))).toEqual([])
  })
})
