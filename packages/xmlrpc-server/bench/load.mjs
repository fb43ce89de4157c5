// The load, in a process of its own and over raw sockets, so that what it costs is not counted as the server's. Takes one
// command after the other as a message {run, port, …} and answers each with a message.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { event, multicall } from './documents.mjs'

const HOST = '127.0.0.1'

function request(body) {
  const head = `POST /RPC2 HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: bench\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

/** An event that carries the time at which it is sent, in microseconds of the clock that all processes share. */
function timedEvent() {
  const value = `<double>${process.hrtime.bigint() / 1000n}.0</double>`
  return request(Buffer.from(event().toString().replace('<double>0.500000</double>', value)))
}

const DOCUMENTS = { event: request(event()), multicall: request(multicall(100)) }

/** A connection that makes one request at a time and checks each answer. */
class Connection {
  answered = 0
  #socket
  #received = 0
  #head = ''
  #expected = 0
  #settle

  static async open(port) {
    const connection = new Connection()
    const socket = connect({ port, host: HOST, noDelay: true })
    connection.#socket = socket
    await once(socket, 'connect')
    socket.on('data', (piece) => connection.#onData(piece))
    socket.on('error', () => connection.#end(false))
    socket.on('close', () => connection.#end(false))
    return connection
  }

  /** Resolves with whether the answer came and was a 200. One at a time. */
  exchange(bytes) {
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#received = 0
      this.#head = ''
      this.#expected = 0
      this.#socket.write(bytes)
    })
  }

  close() {
    this.#socket.destroy()
  }

  #onData(piece) {
    this.#received += piece.length
    if (this.#expected === 0) this.#readHead(piece)
    if (this.#expected > 0 && this.#received >= this.#expected) this.#end(this.#head.startsWith('HTTP/1.1 200 '))
  }

  #readHead(piece) {
    this.#head += piece.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)
    // without a length the answer is chunked, and ends with an empty chunk
    if (length !== null) this.#expected = end + 4 + Number(length[1])
    else if (this.#head.endsWith('0\r\n\r\n')) this.#expected = this.#received
  }

  #end(isOk) {
    const settle = this.#settle
    this.#settle = undefined
    if (isOk) this.answered++
    settle?.(isOk)
  }
}

async function openMany(port, count) {
  const connections = []
  // a listen queue holds 511
  for (let left = count; left > 0; left -= 200) {
    connections.push(...(await Promise.all(Array.from({ length: Math.min(left, 200) }, () => Connection.open(port)))))
  }
  return connections
}

const millis = () => performance.now()

function quantiles(latencies) {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) }
}

/** Every connection asks again as soon as it has its answer. */
async function flood({ port, connections: count, durationMs, document }) {
  const bytes = DOCUMENTS[document]
  const connections = await openMany(port, count)
  const latencies = []
  let failed = 0
  const startedAt = millis()
  const worker = async (connection) => {
    for (;;) {
      const before = millis()
      if (before - startedAt >= durationMs) return
      if (!(await connection.exchange(bytes))) {
        failed++
        return
      }
      latencies.push(millis() - before)
    }
  }
  await Promise.all(connections.map(worker))
  const tookMs = millis() - startedAt
  for (const connection of connections) connection.close()
  return { requests: latencies.length, failed, perSecond: (latencies.length * 1000) / tookMs, ...quantiles(latencies) }
}

async function sequential({ port, count }) {
  const [connection] = await openMany(port, 1)
  const latencies = []
  let failed = 0
  for (let index = 0; index < count; index++) {
    const bytes = timedEvent()
    const before = millis()
    if (!(await connection.exchange(bytes))) failed++
    latencies.push(millis() - before)
  }
  connection.close()
  return { requests: count, failed, ...quantiles(latencies) }
}

/** So many events at once, each on a connection of its own that is open already. */
async function concurrent({ port, count }) {
  const connections = await openMany(port, count)
  const startedAt = millis()
  const outcomes = await Promise.all(
    connections.map(async (connection) => {
      const isOk = await connection.exchange(timedEvent())
      return { isOk, ms: millis() - startedAt }
    }),
  )
  const tookMs = millis() - startedAt
  for (const connection of connections) connection.close()
  const failed = outcomes.filter(({ isOk }) => !isOk).length
  return { requests: count, failed, tookMs, ...quantiles(outcomes.map(({ ms }) => ms)) }
}

async function batches({ port, batches: rounds, count, pauseMs }) {
  const results = []
  for (let round = 0; round < rounds; round++) {
    if (round > 0) await sleep(pauseMs)
    results.push(await concurrent({ port, count }))
  }
  const failed = results.reduce((sum, result) => sum + result.failed, 0)
  return { requests: rounds * count, failed, ...quantiles(results.map(({ tookMs }) => tookMs)) }
}

/** A steady rate, well below what the server can do; a connection that still waits for an answer is passed over. */
async function steady({ port, perSecond, durationMs }) {
  const connections = await openMany(port, 64)
  const free = [...connections]
  const startedAt = millis()
  const asked = []
  const ask = async (connection) => {
    const isOk = await connection.exchange(DOCUMENTS.event)
    free.push(connection)
    return isOk
  }
  for (let elapsed = 0; elapsed < durationMs; elapsed = millis() - startedAt) {
    const due = Math.floor((elapsed * perSecond) / 1000) - asked.length
    for (const connection of free.splice(0, Math.max(0, due))) asked.push(ask(connection))
    await sleep(5)
  }
  const outcomes = await Promise.all(asked)
  for (const connection of connections) connection.close()
  return { requests: outcomes.length, failed: outcomes.filter((isOk) => !isOk).length, tookMs: millis() - startedAt }
}

let held = []

/** Opens connections, lets each make one request, and keeps them until told to let go. */
async function hold({ port, count }) {
  const startedAt = millis()
  held = await openMany(port, count)
  const openMs = millis() - startedAt
  const outcomes = await Promise.all(held.map((connection) => connection.exchange(DOCUMENTS.event)))
  const answered = outcomes.filter(Boolean).length
  return { requests: count, answered, openMs, answerMs: millis() - startedAt - openMs }
}

function release() {
  for (const connection of held) connection.close()
  held = []
  return {}
}

const RUNS = { flood, sequential, concurrent, batches, steady, hold, release }

async function obey({ run, ...command }) {
  try {
    process.send(await RUNS[run](command))
  } catch (error) {
    process.send({ error: String(error) })
  }
}

process.on('message', (order) => void obey(order))
process.on('disconnect', () => process.exit())
process.send({ ready: true })
