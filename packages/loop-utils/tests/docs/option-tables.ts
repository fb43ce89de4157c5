/** One row of a table of options. */
export interface OptionRow {
  readonly option: string
  readonly cells: readonly string[]
}

/** The tables of options of a document by their interfaces: each stands below a line that begins with that name in bold. */
export function optionTables(text: string): Map<string, OptionRow[]> {
  const tables = new Map<string, OptionRow[]>()
  let rows: OptionRow[] = []
  for (const line of text.split('\n')) {
    const [, title] = /^\*\*`(\w+)`\*\*/.exec(line) ?? []
    if (title !== undefined) {
      rows = tables.get(title) ?? []
      tables.set(title, rows)
    } else if (line !== '' && !line.startsWith('|')) {
      // other text ends the table: what comes then belongs to nobody
      rows = []
    }
    const row = rowOf(line)
    if (row !== undefined) rows.push(row)
  }
  return tables
}

function rowOf(line: string): OptionRow | undefined {
  const [, option] = /^\| `(\w+)` \|/.exec(line) ?? []
  if (option === undefined) return undefined
  const cells = line.slice(1, -1).split(/(?<!\\)\|/)
  return { option, cells: cells.map((cell) => cell.trim()) }
}
