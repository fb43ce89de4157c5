// What policies add to a call of a function that does nothing, beside the libraries that people use for the same, and
// beside awaiting that function bare. Every figure is the median of rounds in which all variants take turns.
//   node bench/policies.mjs
import { performance } from 'node:perf_hooks'
import { CircuitBreaker, consecutive, timeWindow } from '@x/loop-utils/breaker'
import { compose, timeoutPolicy } from '@x/loop-utils/policy'
import { retry, retryPolicy } from '@x/loop-utils/retry'
import * as cockatiel from 'cockatiel'
import Opossum from 'opossum'
import pRetry from 'p-retry'
import pTimeout from 'p-timeout'
import { interleave, median } from './measure.mjs'

const ROUNDS = 15
const TIMEOUT_MS = 10_000

const noop = async () => 1

export async function main() {
  const { handleAll } = cockatiel
  const cBreaker = () =>
    cockatiel.circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new cockatiel.ConsecutiveBreaker(5) })
  const cSampling = () =>
    cockatiel.circuitBreaker(handleAll, {
      halfOpenAfter: 60_000,
      breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 30_000 }),
    })
  const cRetry = () => cockatiel.retry(handleAll, { maxAttempts: 3, backoff: new cockatiel.ExponentialBackoff() })
  const cTimeout = () => cockatiel.timeout(TIMEOUT_MS, cockatiel.TimeoutStrategy.Aggressive)
  const window = () => timeWindow({ windowMs: 30_000, failureRate: 0.5, minCalls: 5 })
  const r = retryPolicy(),
    t = timeoutPolicy(TIMEOUT_MS),
    b = new CircuitBreaker(),
    all = compose(retryPolicy(), new CircuitBreaker(), timeoutPolicy(TIMEOUT_MS))
  const cr = cRetry(),
    cb = cBreaker(),
    ct = cTimeout(),
    call = cockatiel.wrap(cRetry(), cBreaker(), cTimeout()),
    calls = cockatiel.wrap(cRetry(), cSampling(), cTimeout())
  const { signal } = new AbortController()
  const least = (e) => {
    throw e
  }
  const calls_ = {
    bare: () => noop(),
    least: () => noop().then(undefined, least),
    retry: () => r.execute(noop),
    retryFn: () => retry(noop),
    cRetry: () => cr.execute(noop),
    pRetry: () => pRetry(noop),
    timeout: () => t.execute(noop),
    cTimeout: () => ct.execute(noop),
    pTimeout: () => pTimeout(noop(), { milliseconds: TIMEOUT_MS }),
    breaker: () => b.execute(noop),
    cBreaker: () => cb.execute(noop),
    all: () => all.execute(noop),
    allSignal: () => all.execute(noop, { signal }),
    cAll: () => call.execute(noop),
    cAllSampling: () => calls.execute(noop),
  }
  const variants = Object.fromEntries(Object.entries(calls_).map(([n, c]) => [n, () => perCall(c)]))
  await interleave(3, variants)
  const res = await interleave(ROUNDS, variants)
  for (const [n, v] of Object.entries(res))
    console.log(
      n.padEnd(14),
      median(v).toFixed(3),
      'min',
      Math.min(...v).toFixed(3),
      (median(v) / median(res.bare)).toFixed(2),
    )
}

async function perCall(call) {
  const n = 5000
  const start = performance.now()
  for (let i = 0; i < n; i++) await call()
  return ((performance.now() - start) * 1000) / n
}
await main()
process.exit()
