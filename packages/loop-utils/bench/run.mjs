// Runs every benchmark, or those whose names are given, and prints one table: ours and the peer, measured in one run.
// Each has a process of its own, as what one leaves in the heap and in the optimiser's mind is paid by the next.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { loadavg } from 'node:os'

const BENCHES = ['dispatch-threads', 'call-round-trip', 'slices', 'channel-records', 'breaker', 'policies', 'size']

const fileOf = (name) => new URL(`./${name}.mjs`, import.meta.url)

async function rowsOf(name) {
  const child = fork(import.meta.filename, ['--rows-of', name])
  const rows = []
  child.on('message', (row) => rows.push(row))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return rows
}

async function print(wanted) {
  const rows = []
  for (const name of BENCHES.filter((bench) => wanted.length === 0 || wanted.includes(bench))) {
    const exists = await access(fileOf(name)).then(
      () => true,
      () => false,
    )
    if (exists) rows.push(...(await rowsOf(name)))
    else console.log(`skipped: ${name}, since there is no ${name}.mjs`)
  }
  const columns = ['what', 'ours', 'peer', 'ratio', 'goal']
  const cells = rows.map((row) => ({ ...row, ratio: row.ratio.toFixed(2) }))
  const widths = columns.map((column) => Math.max(column.length, ...cells.map((row) => row[column].length)))
  const line = (row) => columns.map((column, i) => row[column].padEnd(widths[i])).join('  ')
  console.log(line(Object.fromEntries(columns.map((column) => [column, column]))))
  for (const row of cells) console.log(line(row))
  console.log(`node ${process.version}, load ${loadavg()[0].toFixed(1)}`)
}

if (process.argv[2] === '--rows-of') {
  const { bench } = await import(fileOf(process.argv[3]).href)
  for (const row of await bench()) process.send(row)
  process.disconnect()
} else {
  await print(process.argv.slice(2))
}
