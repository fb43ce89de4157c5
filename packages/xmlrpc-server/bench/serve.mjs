// One server in a process of its own, started by bench/processes.mjs: `node serve.mjs <kind>`.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { AsyncXmlRpcServer } from '@x/xmlrpc-server'

const require = createRequire(import.meta.url)
const HOST = '127.0.0.1'

let handled = 0
/** Microseconds from the client's writing to the handler's running; the last 100,000 of them. */
let delays = []

function noteEvent(value) {
  handled++
  // a value beyond a minute of microseconds is the client's clock, which all processes of a machine share
  if (value > 6e7) delays.push(Number(process.hrtime.bigint() / 1000n) - value)
  if (delays.length > 100_000) delays = delays.slice(-50_000)
}

async function ours(mode) {
  const server = new AsyncXmlRpcServer({ host: HOST, mode, maxConnections: 20_000 })
  server.addCentral({ name: 'bench', hasClient: () => true, onEvent: ({ value }) => noteEvent(value) })
  await server.start()
  return server.listenPort
}

/** The least that an HTTP server in Node.js does: the body comes back. */
function echo() {
  return listening(
    createServer((request, response) => {
      const pieces = []
      request.on('data', (piece) => pieces.push(piece))
      request.on('end', () => {
        const body = Buffer.concat(pieces)
        response.writeHead(200, { 'Content-Type': 'text/xml', 'Content-Length': body.length })
        response.end(body)
      })
    }).listen(0, HOST),
  )
}

function npm(name) {
  const server = require(name).createServer({ host: HOST, port: 0 })
  server.on('event', (error, [, , , value], callback) => {
    noteEvent(value)
    callback(error, '')
  })
  server.on('system.multicall', (error, [calls], callback) => {
    const answers = calls.map(({ params }) => {
      noteEvent(params[3])
      return ['']
    })
    callback(error, answers)
  })
  return listening(server.httpServer)
}

function listening(server) {
  return new Promise((resolve) => {
    if (server.listening) resolve(server.address().port)
    else server.on('listening', () => resolve(server.address().port))
  })
}

const START = {
  echo,
  loop: () => ours('loop'),
  thread: () => ours('thread'),
  'homematic-xmlrpc': () => npm('homematic-xmlrpc'),
  xmlrpc: () => npm('xmlrpc'),
}

function usage() {
  const { user, system } = process.cpuUsage()
  const sorted = delays.toSorted((a, b) => a - b)
  delays = []
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null
  return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss(), handled, p50: at(0.5), p99: at(0.99) }
}

process.on('message', () => process.send(usage()))
process.on('disconnect', () => process.exit())
process.send({ port: await START[process.argv[2]]() })
