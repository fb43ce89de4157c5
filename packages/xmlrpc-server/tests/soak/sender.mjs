// Plays CCUs: sends numbered events over kept-alive connections, one for each interface, and tells how long each
// acknowledgement took. A process of its own, so that nothing in the server's process delays it.
//   node sender.mjs '{"port":…,"interfaces":[…],"events":…,"batch":…,"rate":…,"seed":…}'
// The rate is that of one interface, in events per second; null for as fast as the answers come.
import { connect } from 'node:net'
import { randomFrom } from './random.mjs'

const { port, interfaces, events, batch, rate, seed } = JSON.parse(process.argv[2])

const values = (id, value) => [id, 'A:1', 'LEVEL', `<i4>${value}</i4>`].map((text) => `<value>${text}</value>`)

function single(id, value) {
  const params = values(id, value).map((text) => `<param>${text}</param>`)
  return `<methodCall><methodName>event</methodName><params>${params.join('')}</params></methodCall>`
}

function multicall(id, from, count) {
  let calls = ''
  for (let value = from; value < from + count; value++) {
    calls += `<value><struct><member><name>methodName</name><value>event</value></member><member><name>params</name><value><array><data>${values(id, value).join('')}</data></array></value></member></struct></value>`
  }
  return `<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>${calls}</data></array></value></param></params></methodCall>`
}

/** Sends all events of one interface, one request after the other. */
async function send(id, count, random, latencies) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
  let received = ''
  let onAnswer
  const answers = { acknowledged: 0, faults: 0 }
  socket.on('data', (text) => {
    received += text
    const head = received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received.slice(0, head))?.[1])
    if (received.length < head + 4 + length) return
    const body = received.slice(head + 4)
    received = ''
    onAnswer(body)
  })
  await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject))
  const startedAt = performance.now()
  for (let value = 0; value < count;) {
    const size = Math.min(count - value, 1 + Math.floor(random() * batch))
    const document = size === 1 ? single(id, value) : multicall(id, value, size)
    const bytes = `POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-length: ${document.length}\r\n\r\n${document}`
    const sentAt = performance.now()
    const body = await new Promise((resolve) => {
      onAnswer = resolve
      socket.write(bytes)
    })
    latencies.push(performance.now() - sentAt)
    answers.acknowledged += body.split('<boolean>1</boolean>').length - 1
    if (body.includes('<fault>') || body.includes('faultCode')) answers.faults++
    value += size
    if (rate === null) continue
    const aheadMs = (value / rate) * 1000 - (performance.now() - startedAt)
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs))
  }
  socket.end()
  return answers
}

const latencies = []
const startedAt = performance.now()
const answers = await Promise.all(
  interfaces.map((id, index) => send(id, events / interfaces.length, randomFrom(seed + index), latencies)),
)
latencies.sort((a, b) => a - b)
const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
console.log(
  JSON.stringify({
    acknowledged: answers.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    faults: answers.reduce((sum, { faults }) => sum + faults, 0),
    requests: latencies.length,
    seconds: (performance.now() - startedAt) / 1000,
    p50: at(0.5),
    p99: at(0.99),
    max: latencies.at(-1),
  }),
)
