import { performance } from 'node:perf_hooks'

/** The middle value. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** The value that this share (0 to 1) of the values do not exceed. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/**
 * Measures how late a 1 ms timer of this loop is, until `stop` gives all delays in milliseconds: what a timer or a
 * socket of the application would feel.
 */
export function sampleLoopDelay() {
  const delays = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    delays.push(Math.max(0, now - last - 1))
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    // a loop that never came back to the timer was late all the time
    delays.push(Math.max(0, performance.now() - last - 1))
    return delays
  }
}

/** Runs each variant once a round, in turn, and gives the results by name: what disturbs one disturbs all. */
export async function interleave(rounds, variants) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(variants)) results[name].push(await run())
  }
  return results
}

/** Lets the loop, and the garbage of the last run, settle. */
export async function settle() {
  await new Promise((resolve) => setTimeout(resolve, 50))
}
