// Switches the implementation under load: loop → thread → loop.
//   node tests/soak/switching.mjs [--rate 5000] [--switches 6] [--pause-ms 1500] [--grace-ms 500] [--connections 32] [--fresh 0.1]
//     [--no-share] [--json]
// The load comes from a process of its own at a fixed rate, over kept-alive connections and fresh ones. Nothing that was
// acknowledged may be lost or come out of order; connections that are refused or cut are counted. Where the platform can
// share a port none may be refused; elsewhere the time for which the port was closed is shown. Needs a build.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { AsyncXmlRpcServer } from '@x/xmlrpc-server'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    switches: { type: 'string', default: '6' },
    'pause-ms': { type: 'string', default: '1500' },
    'grace-ms': { type: 'string', default: '500' },
    connections: { type: 'string', default: '32' },
    fresh: { type: 'string', default: '0.1' },
    'no-share': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

/** The longest window that is meant to be, in milliseconds. */
const WINDOW_MS = 50

/** Counts what handlers see of each interface. Only what comes over one connection has an order. */
class Watch {
  name = 'switching'
  outOfOrder = 0
  twice = 0
  #seen = new Map()
  #newest = new Map()

  hasClient() {
    return true
  }

  onEvent({ interfaceId, value }) {
    if (interfaceId !== 'fresh') {
      if (value <= (this.#newest.get(interfaceId) ?? -1)) this.outOfOrder++
      this.#newest.set(interfaceId, value)
    }
    let seen = this.#seen.get(interfaceId)
    if (seen === undefined) this.#seen.set(interfaceId, (seen = new Set()))
    if (seen.has(value)) this.twice++
    seen.add(value)
  }

  get handled() {
    return [...this.#seen.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** How many events were handled although nobody got an acknowledgement. */
  unasked(unacknowledged) {
    return Object.entries(unacknowledged).reduce(
      (sum, [id, numbers]) => sum + numbers.filter((value) => this.#seen.get(id)?.has(value) === true).length,
      0,
    )
  }
}

const watch = new Watch()
const server = new AsyncXmlRpcServer({ host: '127.0.0.1', sharePort: !values['no-share'] })
server.addCentral(watch)
await server.start()

const load = fork(fileURLToPath(new URL('./open-load.mjs', import.meta.url)), [
  JSON.stringify({
    port: server.listenPort,
    rate: Number(values.rate),
    connections: Number(values.connections),
    freshShare: Number(values.fresh),
  }),
])
const pauseMs = Number(values['pause-ms'])
const switches = []
await sleep(pauseMs)
for (let index = 0; index < Number(values.switches); index++) {
  const startedAt = performance.now()
  const to = server.mode === 'loop' ? 'thread' : 'loop'
  const report = await server.switchImplementation(to, { idleGraceMs: Number(values['grace-ms']), drainMs: 20_000 })
  switches.push({ ...report, tookMs: performance.now() - startedAt })
  await sleep(pauseMs)
}
const answer = once(load, 'message')
load.send('stop')
const [{ unacknowledged, ...sent }] = await answer
await server.stop({ deadlineMs: 10_000 })

const unasked = watch.unasked(unacknowledged)
const totals = {
  node: process.version,
  ...sent,
  unacknowledged: Object.values(unacknowledged).flat().length,
  handled: watch.handled,
  // an acknowledgement that was lost on its way is one that nobody got, though its event was handled
  lostAcknowledgements: unasked,
  lostEvents: sent.acknowledged - (watch.handled - unasked),
  twice: watch.twice,
  outOfOrder: watch.outOfOrder,
  longestWindowMs: Math.max(...switches.map(({ refusedMs }) => refusedMs)),
}
if (values.json) console.log(JSON.stringify({ switches, totals }))
else print()
const isSound = totals.lostEvents + totals.lostAcknowledgements + totals.twice + totals.outOfOrder + totals.open === 0
process.exitCode = isSound ? 0 : 1

function print() {
  const rounded = (row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? Number(value.toFixed(2)) : value]),
    )
  console.table(switches.map(rounded))
  console.table(rounded(totals))
  const { longestWindowMs, refused, cut } = totals
  console.log(
    `port closed for at most ${longestWindowMs.toFixed(1)} ms (goal: ${WINDOW_MS} ms, none where it is shared)`,
  )
  console.log(`connections refused: ${refused}, cut without an answer: ${cut}`)
  console.log(`acknowledgements lost: ${totals.lostAcknowledgements}, acknowledged events lost: ${totals.lostEvents}`)
}
