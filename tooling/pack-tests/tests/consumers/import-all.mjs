// Imports every entry of one installed package, as ES modules and by require(), and prints what each exports.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [name] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
const require = createRequire(import.meta.url)
const entries = {}
for (const path of Object.keys(manifest.exports)) {
  // a thread entry only makes sense inside a worker
  if (path === './package.json' || (path === './thread' && name !== '@x/loop-utils')) continue
  const specifier = name + path.slice(1)
  let imported
  try {
    imported = Object.keys(await import(specifier)).sort()
  } catch (error) {
    const missing = /Cannot find package '([^']+)'/.exec(error.message)?.[1]
    if (manifest.peerDependenciesMeta?.[missing]?.optional !== true) throw error
    entries[path] = { needs: missing }
    continue
  }
  const required = Object.keys(require(specifier))
    .filter((key) => key !== '__esModule')
    .sort()
  entries[path] = { names: imported.length, same: imported.join() === required.join() }
}
console.log(JSON.stringify(entries))
