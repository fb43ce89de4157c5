// Soaks the server: very many events over several interfaces.
//   node tests/soak/events.mjs [--events 1000000] [--interfaces 8] [--mode loop|thread] [--seed 1] [--json]
// Part one has slow handlers: no event may be lost, and the order of each interface has to stay. Part two, in thread
// mode, blocks the main loop at random for up to 2 s: acknowledgements are to come all the same. Needs a build.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { AsyncXmlRpcServer } from '@x/xmlrpc-server'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    interfaces: { type: 'string', default: '8' },
    mode: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'blocked-events': { type: 'string' },
    'max-block-ms': { type: 'string', default: '2000' },
    json: { type: 'boolean', default: false },
  },
})
const interfaces = Array.from({ length: Number(values.interfaces) }, (_, index) => `soak-${index}`)
const seed = Number(values.seed)

/** Counts what handlers see, and what of it is out of order. */
class Watch {
  name = 'soak'
  seen = 0
  outOfOrder = 0
  #next = new Map(interfaces.map((id) => [id, 0]))
  #handle

  constructor(handle) {
    this.#handle = handle
  }

  hasClient(interfaceId) {
    return this.#next.has(interfaceId)
  }

  onEvent({ interfaceId, value }) {
    if (value !== this.#next.get(interfaceId)) this.outOfOrder++
    this.#next.set(interfaceId, value + 1)
    this.seen++
    return this.#handle?.(value)
  }
}

function runSender(options) {
  return new Promise((resolve, reject) => {
    const script = fileURLToPath(new URL('./sender.mjs', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`the sender failed: ${code}`)),
    )
  })
}

async function soak({ mode, events, batch, rate, watch, during }) {
  const server = new AsyncXmlRpcServer({ host: '127.0.0.1', mode })
  server.addCentral(watch)
  await server.start()
  const sending = runSender({ port: server.listenPort, interfaces, events, batch, rate, seed })
  const isOver = { value: false }
  const [sent] = await Promise.all([
    sending.finally(() => {
      isOver.value = true
    }),
    during?.(isOver),
  ])
  await server.stop({ deadlineMs: 60_000 })
  const { delayedAnswers, droppedCallbacks, failedCallbacks } = server.healthStatus
  const { seen, outOfOrder } = watch
  return {
    mode,
    events,
    seen,
    lost: sent.acknowledged - seen,
    outOfOrder,
    delayedAnswers,
    droppedCallbacks,
    failedCallbacks,
    ...sent,
  }
}

/** Each event takes a turn of the loop, some take longer. */
async function handleSlowly(value) {
  if (value % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  else await new Promise((resolve) => setImmediate(resolve))
}

/** Keeps the loop busy at random, a quarter of the time. */
async function blockAtRandom(isOver) {
  const longest = Number(values['max-block-ms'])
  while (!isOver.value) {
    const until = performance.now() + Math.random() * longest
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest * 3))
  }
}

const whole = (count) => Math.floor(count / interfaces.length) * interfaces.length
const events = whole(Number(values.events))
const blockedEvents = whole(Number(values['blocked-events'] ?? Math.min(events, 60_000)))
const report = { slow: [], blocked: [] }
for (const mode of values.mode === undefined ? ['loop', 'thread'] : [values.mode]) {
  report.slow.push(await soak({ mode, events, batch: 20, rate: Infinity, watch: new Watch(handleSlowly) }))
}
if (values.mode !== 'loop') {
  const blocked = {
    mode: 'thread',
    events: blockedEvents,
    batch: 1,
    rate: 500,
    watch: new Watch(),
    during: blockAtRandom,
  }
  report.blocked.push(await soak(blocked))
}
if (values.json) console.log(JSON.stringify(report))
else {
  const shown = (rows) =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'number' ? Number(value.toFixed(2)) : value,
        ]),
      ),
    )
  console.log('slow handlers')
  console.table(shown(report.slow))
  if (report.blocked.length > 0) console.log(`main loop blocked at random for up to ${values['max-block-ms']} ms`)
  console.table(shown(report.blocked))
}
const isSound = [...report.slow, ...report.blocked].every(
  ({ lost, outOfOrder, faults, acknowledged, events: expected }) =>
    lost === 0 && outOfOrder === 0 && faults === 0 && acknowledged === expected,
)
process.exitCode = isSound ? 0 : 1
