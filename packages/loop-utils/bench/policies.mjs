// What policies add to the call of an async function that does nothing, beside awaiting it bare and beside the libraries
// that people use for the same. Each figure is the median of rounds in which all variants take turns.
//   node bench/policies.mjs
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { Bulkhead } from '@x/loop-utils/concurrency'
import { CircuitBreaker, consecutive, timeWindow } from '@x/loop-utils/breaker'
import { compose, timeoutPolicy } from '@x/loop-utils/policy'
import { recommended } from '@x/loop-utils/recommended'
import { retry, retryPolicy } from '@x/loop-utils/retry'
import * as cockatiel from 'cockatiel'
import Opossum from 'opossum'
import PQueue from 'p-queue'
import pRetry from 'p-retry'
import pTimeout from 'p-timeout'
import { interleave, median } from './measure.mjs'

const ROUNDS = 21
const WARM_UP = 6
const CALLS = 10_000
const TIMEOUT_MS = 10_000

const noop = async () => 1
const aTurn = () => new Promise((resolve) => setImmediate(resolve))
const again = (error) => {
  throw error
}

let loops = 0

/**
 * A loop around `call` that shares no code with any other, so that it is optimised as in a program that calls nothing
 * else: what a loop has once called otherwise it calls more slowly for good.
 */
function loopOf(call) {
  // the engine keeps one function for equal texts
  const text = `return async (calls) => { /* ${++loops} */ for (let i = 0; i < calls; i++) await call() }`
  // oxlint-disable-next-line typescript/no-implied-eval -- only a text of its own makes code of its own
  return new Function('call', text)(call)
}

/** Microseconds per call of each variant. */
async function cost(variants, calls = CALLS) {
  const runs = Object.fromEntries(
    Object.entries(variants).map(([name, call]) => {
      const loop = loopOf(call)
      const run = async () => {
        // what the variant before left to the loop is not ours
        await aTurn()
        const start = performance.now()
        await loop(calls)
        return ((performance.now() - start) * 1000) / calls
      }
      return [name, run]
    }),
  )
  await interleave(WARM_UP, runs)
  const rounds = await interleave(ROUNDS, runs)
  return { rounds, of: (name) => median(rounds[name]) }
}

const micro = (us, what = '') => `${us.toFixed(us < 10 ? 3 : 1)} µs${what === '' ? '' : ` (${what})`}`

/** The rows of a table in which `ours` stands beside each peer. */
function rowsOf({ of }, what, goals) {
  return Object.entries(goals).map(([peer, goal]) => ({
    what: `${what}, vs ${peer}`,
    ours: micro(of('ours')),
    peer: micro(of(peer)),
    ratio: of('ours') / of(peer),
    goal,
  }))
}

const { handleAll, wrap } = cockatiel
const peers = {
  retry: () => cockatiel.retry(handleAll, { maxAttempts: 3, backoff: new cockatiel.ExponentialBackoff() }),
  timeout: () => cockatiel.timeout(TIMEOUT_MS, cockatiel.TimeoutStrategy.Aggressive),
  breaker: (breaker) => cockatiel.circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker }),
  consecutive: () => peers.breaker(new cockatiel.ConsecutiveBreaker(5)),
  sampling: () => peers.breaker(new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 30_000 })),
}

async function retries() {
  const ours = retryPolicy()
  const peer = peers.retry()
  const costs = await cost({
    ours: () => ours.execute(noop),
    'awaiting it bare': noop,
    'the least that a retry can be, .then(undefined, again)': () => noop().then(undefined, again),
    cockatiel: () => peer.execute(noop),
    'p-retry': () => pRetry(noop),
  })
  const withOptions = await cost({
    ours: () => retry(noop, { maxAttempts: 5 }),
    'p-retry': () => pRetry(noop, { retries: 4 }),
  })
  const afterTurn = await cost({ ours: () => ours.execute(aTurn), 'awaiting it bare': aTurn })
  return [
    ...rowsOf(costs, 'retry alone', {
      'awaiting it bare': '≤ 1.3',
      'the least that a retry can be, .then(undefined, again)': '',
      cockatiel: '',
      'p-retry': '',
    }),
    ...rowsOf(withOptions, 'retry with options that are given with each call', { 'p-retry': '' }),
    ...rowsOf(afterTurn, 'retry of a function that waits one turn of the loop', { 'awaiting it bare': '≤ 1.3' }),
  ]
}

async function timeouts() {
  const ours = timeoutPolicy(TIMEOUT_MS)
  const peer = peers.timeout()
  const costs = await cost({
    ours: () => ours.execute(noop),
    'awaiting it bare': noop,
    cockatiel: () => peer.execute(noop),
    'p-timeout': () => pTimeout(noop(), { milliseconds: TIMEOUT_MS }),
  })
  return rowsOf(costs, 'timeout alone', { 'awaiting it bare': '', cockatiel: '', 'p-timeout': '' })
}

async function breakers() {
  const ours = new CircuitBreaker({ trip: consecutive(5) })
  const peer = peers.consecutive()
  const opossum = new Opossum(noop, { timeout: false })
  const costs = await cost({
    ours: () => ours.execute(noop),
    'awaiting it bare': noop,
    cockatiel: () => peer.execute(noop),
    opossum: () => opossum.fire(),
  })
  opossum.shutdown()
  return rowsOf(costs, 'breaker alone', { 'awaiting it bare': '', cockatiel: '', opossum: '' })
}

async function bulkheads() {
  const ours = new Bulkhead({ concurrent: 10, queue: 10 })
  const peer = cockatiel.bulkhead(10, 10)
  const queue = new PQueue({ concurrency: 10 })
  const costs = await cost({
    ours: () => ours.execute(noop),
    cockatiel: () => peer.execute(noop),
    'p-queue': () => queue.add(noop),
  })
  return rowsOf(costs, 'bulkhead alone', { cockatiel: '', 'p-queue': '' })
}

async function compositions() {
  const { signal } = new AbortController()
  const plain = compose(retryPolicy(), new CircuitBreaker({ trip: consecutive(5) }), timeoutPolicy(TIMEOUT_MS))
  const trip = timeWindow({ windowMs: 30_000, failureRate: 0.5, minCalls: 5 })
  const windowed = compose(retryPolicy(), new CircuitBreaker({ trip }), timeoutPolicy(TIMEOUT_MS))
  const peer = wrap(peers.retry(), peers.consecutive(), peers.timeout())
  const sampling = wrap(peers.retry(), peers.sampling(), peers.timeout())
  const bulkhead = cockatiel.bulkhead(16, 64)
  const five = wrap(peers.timeout(), peers.retry(), peers.consecutive(), bulkhead, peers.timeout())
  const whole = recommended('bench')
  const cockatielOnly = { cockatiel: '≤ 0.1 (aim 0.067)' }
  return [
    ...rowsOf(
      await cost({ ours: () => plain.execute(noop), cockatiel: () => peer.execute(noop) }),
      'retry + breaker + timeout composed',
      cockatielOnly,
    ),
    ...rowsOf(
      await cost({ ours: () => windowed.execute(noop), cockatiel: () => sampling.execute(noop) }),
      'the same with a breaker over a window of time',
      cockatielOnly,
    ),
    ...rowsOf(
      await cost({
        ours: () => plain.execute(noop, { signal }),
        cockatiel: () => peer.execute(noop, signal),
      }),
      'the same with a signal of the caller',
      { cockatiel: '' },
    ),
    ...rowsOf(
      await cost({ ours: () => whole.execute(noop), cockatiel: () => five.execute(noop) }),
      'recommended(): timeout, retry, breaker, bulkhead, timeout',
      { cockatiel: '' },
    ),
  ]
}

/** The built package, a copy of it in which nobody asks whether somebody observes, and an unchanged copy to compare with. */
async function withAndWithoutObservers() {
  const folder = await mkdtemp(path.join(tmpdir(), 'x-policies-'))
  const dist = new URL('../dist/', import.meta.url)
  let removed = 0
  for (const name of ['with', 'copy', 'without']) await cp(dist, path.join(folder, name), { recursive: true })
  const without = path.join(folder, 'without')
  for (const file of await readdir(without, { recursive: true })) {
    if (!file.endsWith('.js') || file.startsWith('observe')) continue
    const text = await readFile(path.join(without, file), 'utf8')
    const bare = text.replaceAll(/(?:[\w.#]|\[\w+\])+\.(?:isObserved|isHeard)\((?:[^()]|\([^()]*\))*\)/g, () => {
      removed++
      return 'false'
    })
    if (bare !== text) await writeFile(path.join(without, file), bare)
  }
  const load = async (name) => {
    const from = (file) => import(pathToFileURL(path.join(folder, name, file)).href)
    const [breaker, policy, retry, observe] = await Promise.all(
      ['breaker/index.js', 'policy/index.js', 'retry/index.js', 'observe/index.js'].map(from),
    )
    return { ...breaker, ...policy, ...retry, ...observe }
  }
  const packages = { with: await load('with'), copy: await load('copy'), without: await load('without') }
  await rm(folder, { recursive: true })
  return { ...packages, removed }
}

/** How often a call asks whether somebody observes. */
async function countAsking({ ObservationPoint }, call) {
  const { isObserved } = ObservationPoint.prototype
  let asked = 0
  ObservationPoint.prototype.isObserved = function count(observer) {
    asked++
    return isObserved.call(this, observer)
  }
  for (let i = 0; i < 100; i++) await call()
  ObservationPoint.prototype.isObserved = isObserved
  return asked / 100
}

/** Nanoseconds that one such question takes, that of the loop around it included. */
function costOfAsking({ ObservationPoint }) {
  const point = new ObservationPoint('x:bench:policies:ask')
  const observer = { onEvent: undefined }
  const rounds = []
  let answers = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let i = 0; i < 100_000; i++) answers += point.isObserved(observer) ? 1 : 0
    rounds.push((performance.now() - start) * 10)
  }
  if (answers > 0) throw new Error('somebody observes')
  return median(rounds)
}

/**
 * What observers cost that are switched off: by how often a call asks for them and what that takes, and by comparing
 * with a build that does not ask. Two equal builds show how far such a comparison can be trusted.
 */
async function observers() {
  const packages = await withAndWithoutObservers()
  const make = ({ CircuitBreaker, compose, retryPolicy, timeoutPolicy }, maxAttempts) =>
    compose(retryPolicy({ maxAttempts }), new CircuitBreaker(), timeoutPolicy(TIMEOUT_MS))
  const rows = []
  const kinds = {
    'a call that succeeds': { maxAttempts: 3, fn: noop },
    'a call that every other time fails': { maxAttempts: 1, fn: alternating() },
  }
  for (const [kind, { maxAttempts, fn }] of Object.entries(kinds)) {
    const call = (policy) => () => policy.execute(fn).catch(nothing)
    const calls = Object.fromEntries(
      ['with', 'copy', 'without'].map((name) => [name, call(make(packages[name], maxAttempts))]),
    )
    const asked = await countAsking(packages.with, calls.with)
    const askNs = costOfAsking(packages.with)
    const { rounds, of } = await cost(calls)
    const ratio = (name) => median(rounds.with.map((us, i) => us / rounds[name][i]))
    rows.push({
      what: `observers switched off: ${kind}, ${asked} questions a call of ${askNs.toFixed(1)} ns`,
      ours: micro(of('with')),
      peer: micro(of('with') - (asked * askNs) / 1000),
      ratio: of('with') / (of('with') - (asked * askNs) / 1000),
      goal: '< 1.02',
    })
    rows.push({
      what: `the same against a build without the ${packages.removed} questions (two equal builds: ${ratio('copy').toFixed(3)})`,
      ours: micro(of('with')),
      peer: micro(of('without')),
      ratio: ratio('without'),
      goal: '',
    })
  }
  return rows
}

function nothing() {}

/** Fails every other time, so that the breaker stays closed. */
function alternating() {
  const error = new Error('down')
  let calls = 0
  return async () => {
    if (++calls % 2 === 0) throw error
  }
}

export async function bench() {
  const rows = []
  for (const group of [retries, timeouts, breakers, bulkheads, compositions, observers]) rows.push(...(await group()))
  return rows
}

if (process.argv[1] === import.meta.filename) {
  for (const row of await bench()) {
    const goal = row.goal === '' ? '' : `, goal ${row.goal}`
    console.log(`${row.what}: ${row.ours} / ${row.peer} = ${row.ratio.toFixed(3)}${goal}`)
  }
}
