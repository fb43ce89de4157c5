// Runs every benchmark, or those whose names are given, and prints one table: ours and the peer, measured in one run.
import { access } from 'node:fs/promises'
import { loadavg } from 'node:os'

const BENCHES = ['dispatch-threads', 'call-round-trip', 'slices', 'channel-records', 'breaker', 'policies', 'size']

const wanted = process.argv.slice(2)
const rows = []
for (const name of BENCHES.filter((bench) => wanted.length === 0 || wanted.includes(bench))) {
  const file = new URL(`./${name}.mjs`, import.meta.url)
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (!exists) {
    console.log(`skipped: ${name}, since there is no ${name}.mjs`)
    continue
  }
  const { bench } = await import(file.href)
  rows.push(...(await bench()))
}
const columns = ['what', 'ours', 'peer', 'ratio', 'goal']
const cells = rows.map((row) => ({ ...row, ratio: row.ratio.toFixed(2) }))
const widths = columns.map((column) => Math.max(column.length, ...cells.map((row) => row[column].length)))
const line = (row) => columns.map((column, i) => row[column].padEnd(widths[i])).join('  ')
console.log(line(Object.fromEntries(columns.map((column) => [column, column]))))
for (const row of cells) console.log(line(row))
console.log(`node ${process.version}, load ${loadavg()[0].toFixed(1)}`)
