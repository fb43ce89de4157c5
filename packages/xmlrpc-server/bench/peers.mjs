import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const HTTP_PIECE = 65_536

/** Cuts a document as a socket does. */
export function pieces(document) {
  const cut = []
  for (let at = 0; at < document.length; at += HTTP_PIECE) cut.push(document.subarray(at, at + HTTP_PIECE))
  return cut
}

const DESERIALIZERS = {
  'homematic-xmlrpc': require('homematic-xmlrpc/lib/deserializer.js'),
  xmlrpc: require('xmlrpc/lib/deserializer.js'),
}

const SERIALIZERS = {
  'homematic-xmlrpc': require('homematic-xmlrpc/lib/serializer.js'),
  xmlrpc: require('xmlrpc/lib/serializer.js'),
}

/** Decodes with the deserialiser of an npm package of the node-xmlrpc family, which takes a stream. */
export function npmDecoder(name) {
  const Deserializer = DESERIALIZERS[name]
  return (document) =>
    new Promise((resolve, reject) => {
      new Deserializer('utf8').deserializeMethodCall(Readable.from(pieces(document)), (error, method, params) => {
        if (error === null || error === undefined) resolve([method, params])
        else reject(error)
      })
    })
}

/** Encodes with the serialiser of such a package. */
export function npmEncoder(name) {
  const { serializeMethodCall } = SERIALIZERS[name]
  return (method, params) => serializeMethodCall(method, params)
}

/** CPU milliseconds that CPython takes for each document, or undefined when it is not installed. */
export function cpythonMs(documents) {
  const folder = mkdtempSync(join(tmpdir(), 'xmlrpc-bench-'))
  try {
    const args = documents.flatMap(({ bytes, repeat }, index) => {
      const path = join(folder, `${index}.xml`)
      writeFileSync(path, bytes)
      return [path, String(repeat)]
    })
    const script = fileURLToPath(new URL('cpython.py', import.meta.url))
    const seconds = JSON.parse(execFileSync('python3', [script, ...args], { encoding: 'utf8' }))
    return seconds.map((each) => each * 1000)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
