// Plays CCUs that do not wait for one another: sends numbered events at a fixed rate, whatever becomes of those before,
// over kept-alive connections (one for each interface) and, for a share of them, over a fresh connection each. A process
// of its own; the settings come as JSON. Tells what it saw when its parent disconnects or says stop.
import { connect } from 'node:net'

const { port, rate, connections, freshShare } = JSON.parse(process.argv[2])

/** How long a refused connection waits before it is tried again, in milliseconds. */
const RETRY_MS = 2
/** How often to look for what is due, in milliseconds. */
const TICK_MS = 1
/** How long after the end answers are waited for, in milliseconds. */
const PATIENCE_MS = 10_000

const counts = { sent: 0, acknowledged: 0, refused: 0, cut: 0, faults: 0, announced: 0 }
const latencies = []
/** The numbers of events that nobody acknowledged, by interface. */
const unacknowledged = {}
let open = 0

function settle(event, isAcknowledged) {
  open--
  if (isAcknowledged) {
    counts.acknowledged++
    latencies.push(performance.now() - event.dueAt)
    return
  }
  unacknowledged[event.id] ??= []
  unacknowledged[event.id].push(event.value)
}

function requestOf({ id, value }, isKept) {
  const params = [id, 'A:1', 'LEVEL', `<i4>${value}</i4>`].map((text) => `<param><value>${text}</value></param>`)
  const body = `<methodCall><methodName>event</methodName><params>${params.join('')}</params></methodCall>`
  const close = isKept ? '' : 'Connection: close\r\n'
  return `POST /RPC2 HTTP/1.1\r\nHost: x\r\n${close}Content-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** One connection, on which one request follows the other; it is opened when it is needed, and again when it ended. */
class Connection {
  #isKept
  #waiting = []
  #current
  #socket
  #isOpen = false
  #received = ''

  constructor(isKept) {
    this.#isKept = isKept
  }

  send(event) {
    this.#waiting.push(event)
    this.#work()
  }

  end() {
    this.#socket?.end()
  }

  #work() {
    if (this.#current !== undefined || this.#waiting.length === 0) return
    if (!this.#isOpen) {
      this.#open()
      return
    }
    this.#current = this.#waiting.shift()
    this.#received = ''
    this.#socket.write(requestOf(this.#current, this.#isKept))
  }

  #open() {
    if (this.#socket !== undefined) return
    let isRefused = false
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    this.#socket = socket
    socket.on('connect', () => {
      this.#isOpen = true
      this.#work()
    })
    socket.on('data', (text) => this.#onData(text))
    socket.on('error', ({ code }) => {
      isRefused ||= code === 'ECONNREFUSED'
    })
    socket.on('close', () => {
      if (isRefused) counts.refused++
      this.#onClose(isRefused ? RETRY_MS : 0)
    })
  }

  #onData(text) {
    this.#received += text
    const head = this.#received.indexOf('\r\n\r\n')
    if (head < 0 || this.#current === undefined) return
    const headers = this.#received.slice(0, head)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(headers)?.[1])
    if (this.#received.length < head + 4 + length) return
    const event = this.#current
    this.#current = undefined
    const isAcknowledged = headers.startsWith('HTTP/1.1 200 ') && this.#received.includes('<boolean>1</boolean>')
    if (!isAcknowledged) counts.faults++
    settle(event, isAcknowledged)
    if (/\r\nconnection: close/i.test(headers)) {
      if (this.#isKept) counts.announced++
      this.#isOpen = false
      this.#socket.end()
    } else this.#work()
  }

  #onClose(pauseMs) {
    this.#isOpen = false
    this.#socket = undefined
    if (this.#current !== undefined) {
      counts.cut++
      settle(this.#current, false)
      this.#current = undefined
    }
    if (this.#waiting.length > 0) setTimeout(() => this.#work(), pauseMs)
  }
}

const kept = Array.from({ length: connections }, () => new Connection(true))
const next = new Map()

function send(id, connection, dueAt) {
  const value = next.get(id) ?? 0
  next.set(id, value + 1)
  counts.sent++
  open++
  connection.send({ id, value, dueAt })
}

const startedAt = performance.now()
let freshDue = 0
let lateMs = 0

function tick() {
  const now = performance.now()
  const due = Math.floor(((now - startedAt) * rate) / 1000)
  while (counts.sent < due) {
    const dueAt = startedAt + ((counts.sent + 1) * 1000) / rate
    lateMs = Math.max(lateMs, now - dueAt)
    freshDue += freshShare
    if (freshDue >= 1) {
      freshDue -= 1
      send('fresh', new Connection(false), dueAt)
    } else {
      const index = counts.sent % connections
      send(`kept-${index}`, kept[index], dueAt)
    }
  }
}

const timer = setInterval(tick, TICK_MS)

async function stop() {
  clearInterval(timer)
  const seconds = (performance.now() - startedAt) / 1000
  const until = performance.now() + PATIENCE_MS
  const isWaiting = () => open > 0 && performance.now() < until
  while (isWaiting()) await new Promise((resolve) => setTimeout(resolve, 5))
  for (const connection of kept) connection.end()
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  const times = { p50: at(0.5), p99: at(0.99), max: latencies.at(-1) ?? 0 }
  process.send({ ...counts, open, unacknowledged, perSecond: counts.sent / seconds, senderLateMs: lateMs, ...times })
  process.disconnect()
}

process.on('message', () => void stop())
