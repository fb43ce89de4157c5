// Runs the tests of packages under other versions of Node, which npm brings:
//   node tooling/scripts/node-matrix.mjs 22,24 packages/loop-utils packages/xmlrpc-server
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [versions, ...folders] = process.argv.slice(2)
if (versions === undefined || folders.length === 0) {
  console.error('usage: node-matrix.mjs <versions, such as 22,24> <package folder …>')
  process.exit(2)
}
const results = []
for (const version of versions.split(',')) {
  for (const folder of folders) {
    const args = ['-y', '-p', `node@${version}`, 'node', 'node_modules/vitest/vitest.mjs', 'run', '--reporter=dot']
    const { status } = spawnSync('npx', args, { cwd: `${root}/${folder}`, stdio: 'inherit' })
    results.push({ version, folder, ok: status === 0 })
  }
}
for (const { version, folder, ok } of results) console.log(`node ${version}  ${folder}  ${ok ? 'passed' : 'FAILED'}`)
process.exit(results.every(({ ok }) => ok) ? 0 : 1)
