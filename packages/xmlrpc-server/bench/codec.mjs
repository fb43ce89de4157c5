// Measures the codec beside the two npm packages of the node-xmlrpc family and CPython, all in one run. Trust the ratios.
import { decodeMethodCall, encodeMethodCall, MethodCallDecoder } from '@x/xmlrpc-server/codec'
import { event, multicall, newDevices } from './documents.mjs'
import { leastCpu } from './measure.mjs'
import { cpythonMs, npmDecoder, npmEncoder, pieces } from './peers.mjs'

const OURS = '@x/xmlrpc-server'
const HOMEMATIC = 'homematic-xmlrpc'
const XMLRPC = 'xmlrpc'
const CPYTHON = 'CPython'

function decodeInPieces(document) {
  const decoder = new MethodCallDecoder()
  for (const piece of pieces(document)) decoder.push(piece)
  return decoder.end()
}

const documents = [
  { name: 'newDevices', bytes: newDevices(2300), rounds: 7, repeat: 1 },
  { name: 'multicall of 100 events', bytes: multicall(100), rounds: 7, repeat: 50 },
  { name: 'event', bytes: event(), rounds: 7, repeat: 2000 },
]

const python = cpythonMs(documents)
const homematic = npmDecoder(HOMEMATIC)
const xmlrpc = npmDecoder(XMLRPC)
const rows = []

for (const [index, { name, bytes, rounds, repeat }] of documents.entries()) {
  const least = await leastCpu(
    {
      [OURS]: () => decodeMethodCall(bytes),
      [`${OURS}, in pieces`]: () => decodeInPieces(bytes),
      [HOMEMATIC]: () => homematic(bytes),
      [XMLRPC]: () => xmlrpc(bytes),
    },
    { rounds, repeat },
  )
  if (python !== undefined) least[CPYTHON] = python[index]
  report(`decode ${name}`, bytes.length, least)
}

const { methodName, params } = decodeMethodCall(documents[0].bytes)
// The npm serialisers ask values for hasOwnProperty, which structs without a prototype lack.
const plainParams = JSON.parse(JSON.stringify(params))
const encodeHomematic = npmEncoder(HOMEMATIC)
const encodeXmlrpc = npmEncoder(XMLRPC)
report(
  'encode newDevices',
  encodeMethodCall(methodName, params).length,
  await leastCpu(
    {
      [OURS]: () => encodeMethodCall(methodName, params),
      [HOMEMATIC]: () => encodeHomematic(methodName, plainParams),
      [XMLRPC]: () => encodeXmlrpc(methodName, plainParams),
    },
    { rounds: 5 },
  ),
)

console.table(rows)
if (python === undefined) console.log('CPython was left out: python3 is not installed')

function report(what, length, least) {
  for (const [who, spentMs] of Object.entries(least)) {
    rows.push({
      what: `${what} (${size(length)})`,
      who,
      'MB/s': Number((length / 1000 / spentMs).toFixed(1)),
      'µs CPU': Number((spentMs * 1000).toFixed(1)),
      'ours is': who === OURS ? '' : `${(spentMs / least[OURS]).toFixed(1)} ×`,
    })
  }
}

function size(length) {
  if (length > 1e6) return `${(length / 1e6).toFixed(2)} MB`
  return length > 1e4 ? `${(length / 1e3).toFixed(0)} KB` : `${length} B`
}
