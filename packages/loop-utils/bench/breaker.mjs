// What a closed circuit breaker adds to awaiting a function that does nothing.
import { CircuitBreaker, countWindow, timeWindow } from '@x/loop-utils/breaker'
import { do_not_optimize, measure } from 'mitata'
import { interleave, median } from './measure.mjs'

const ROUNDS = 5
const noop = async () => 1

const rates = { failureRate: 0.5, minCalls: 20 }
const breakers = {
  'consecutive(5)': new CircuitBreaker(),
  'countWindow, 100 calls': new CircuitBreaker({ trip: countWindow({ size: 100, ...rates }) }),
  'timeWindow, 10 slices': new CircuitBreaker({ trip: timeWindow({ windowMs: 10_000, ...rates }) }),
  'slow calls measured': new CircuitBreaker({ slowCallMs: 1000 }),
}
const [permits] = Object.values(breakers)

/** Nanoseconds of one call, the median of a measurement's samples. */
async function nanoseconds(call) {
  const { p50 } = await measure(call, { min_cpu_time: 2e8 })
  return p50
}

export async function bench() {
  const { signal } = new AbortController()
  const results = await interleave(ROUNDS, {
    bare: () => nanoseconds(async () => void (await noop())),
    permit: () => nanoseconds(() => do_not_optimize(permits.tryAcquire().success())),
    signal: () => nanoseconds(async () => void (await permits.execute(noop, { signal }))),
    ...Object.fromEntries(
      Object.entries(breakers).map(([name, breaker]) => [
        name,
        () => nanoseconds(async () => void (await breaker.execute(noop))),
      ]),
    ),
  })
  const bare = median(results.bare)
  const row = (name, what, goal) => {
    const ours = median(results[name])
    return { what, ours: `${ours.toFixed(0)} ns`, peer: `${bare.toFixed(0)} ns`, ratio: ours / bare, goal }
  }
  return [
    ...Object.keys(breakers).map((name) => row(name, `breaker: ${name}, vs a bare await`, '≤ bare + 200 ns')),
    row('signal', 'breaker: with a signal of the caller, vs a bare await', '-'),
    row('permit', 'breaker: permit and success, vs a bare await', '≤ 1'),
  ]
}
