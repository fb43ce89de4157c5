// Soaks the server: very many events over several interfaces.
//   node tests/soak/events.mjs [--events 1000000] [--interfaces 8] [--mode loop|thread] [--seed 1] [--json]
// Part one has slow handlers: no event may be lost, and the order of each interface has to stay. Part two, in thread
// mode, blocks the main loop at random for up to 2 s: acknowledgements are to come all the same. Needs a build.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { AsyncXmlRpcServer } from '@x/xmlrpc-server'
import { randomFrom } from './random.mjs'

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
/** Within this time 99 of 100 acknowledgements are to come while the main loop is blocked, in milliseconds. */
const GOAL_MS = 50

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
  const [sent, facts] = await Promise.all([
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
    ...facts,
  }
}

/** Each event takes a turn of the loop, some take longer. */
async function handleSlowly(value) {
  if (value % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  else await new Promise((resolve) => setImmediate(resolve))
}

/** Keeps the loop busy at random, a third of the time; tells how often and how long at most. */
async function blockAtRandom(isOver) {
  const longest = Number(values['max-block-ms'])
  const random = randomFrom(seed)
  let blocks = 0
  let longestBlock = 0
  while (!isOver.value) {
    const startedAt = performance.now()
    const until = startedAt + random() * longest
    while (performance.now() < until);
    blocks++
    longestBlock = Math.max(longestBlock, performance.now() - startedAt)
    await new Promise((resolve) => setTimeout(resolve, random() * longest * 2))
  }
  return { blocks, longestBlock }
}

const whole = (count) => Math.floor(count / interfaces.length) * interfaces.length
const events = whole(Number(values.events))
const blockedEvents = whole(Number(values['blocked-events'] ?? Math.min(events, 60_000)))
const report = { slow: [], blocked: [] }
for (const mode of values.mode === undefined ? ['loop', 'thread'] : [values.mode]) {
  report.slow.push(await soak({ mode, events, batch: 20, rate: null, watch: new Watch(handleSlowly) }))
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
  console.log(`slow handlers, ${interfaces.length} interfaces`)
  for (const row of report.slow) print(row)
  if (report.blocked.length > 0) console.log(`main loop blocked at random for up to ${values['max-block-ms']} ms`)
  for (const row of report.blocked) {
    print(row)
    console.log(`  goal: p99 of the acknowledgements at most ${GOAL_MS} ms: ${row.p99 <= GOAL_MS ? 'met' : 'NOT MET'}`)
  }
}
const isSound = [...report.slow, ...report.blocked].every(
  ({ lost, outOfOrder, faults, acknowledged, events: expected }) =>
    lost === 0 && outOfOrder === 0 && faults === 0 && acknowledged === expected,
)
process.exitCode = isSound ? 0 : 1

function print({ mode, acknowledged, seen, lost, outOfOrder, faults, delayedAnswers, ...row }) {
  const ms = (value) => `${value.toFixed(1)} ms`
  const perSecond = Math.round(acknowledged / row.seconds)
  console.log(`${mode}: ${acknowledged} events acknowledged in ${row.seconds.toFixed(1)} s (${perSecond}/s)`)
  console.log(
    `  handled ${seen}, lost ${lost}, out of order ${outOfOrder}, faults ${faults}, delayed ${delayedAnswers}`,
  )
  console.log(`  acknowledgement p50 ${ms(row.p50)}, p99 ${ms(row.p99)}, max ${ms(row.max)}`)
  if (row.blocks !== undefined) console.log(`  loop blocked ${row.blocks} times, at most ${ms(row.longestBlock)}`)
}
