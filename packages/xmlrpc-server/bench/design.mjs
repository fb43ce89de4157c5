// The runs and the four measurement points that the design document names, for both modes.
import { withServers } from './processes.mjs'

const MODES = ['loop', 'thread']

const RUNS = {
  '100 sequential events': (load, server) => load.run('sequential', server, { count: 100 }),
  '1,000 concurrent events': (load, server) => load.run('concurrent', server, { count: 1000 }),
  '10 batches of 100 events, 0.1 s apart': (load, server) =>
    load.run('batches', server, { batches: 10, count: 100, pauseMs: 100 }),
}

const ms = (value) => (value === null || value === undefined ? '' : Number(value.toFixed(2)))

/** Each run on each mode, with how long the way to the handler took. */
export async function measureRuns() {
  await withServers(MODES, async (load, servers) => {
    for (const server of servers) await load.run('sequential', server, { count: 500 })
    const rows = []
    for (const [name, run] of Object.entries(RUNS)) {
      for (const server of servers) {
        await server.usage()
        const result = await run(load, server)
        const { p50, p99 } = await server.usage()
        rows.push({
          run: name,
          mode: server.kind,
          'answered 200': `${result.requests - result.failed} of ${result.requests}`,
          'p50 ms': ms(result.p50Ms),
          'p99 ms': ms(result.p99Ms),
          'max ms': ms(result.maxMs),
          'to handler p50 ms': ms(p50 / 1000),
          'to handler p99 ms': ms(p99 / 1000),
        })
      }
    }
    console.log('p50, p99 and max are of the round trip; of the batches, of the time until all 100 were answered')
    console.table(rows)
  })
}

/** Round trip, time to the handler's completion, memory with 1,000 connections, CPU under a steady load. */
export async function measurePoints() {
  const rows = []
  for (const mode of MODES) {
    await withServers([mode], async (load, [server]) => {
      await load.run('sequential', server, { count: 500 })
      await server.usage()
      const trips = await load.run('sequential', server, { count: 2000 })
      const handlers = await server.usage()
      await load.run('hold', server, { count: 1000 })
      const connected = await server.usage()
      await load.run('release', server)
      const before = await server.usage()
      const steady = await load.run('steady', server, { perSecond: 1000, durationMs: 4000 })
      const after = await server.usage()
      rows.push({
        'measurement point': mode,
        'round trip p50 ms': ms(trips.p50Ms),
        'handler done p50 ms': ms(handlers.p50 / 1000),
        'RSS MB': Math.round(handlers.rss / 2 ** 20),
        'RSS MB, 1,000 connections': Math.round(connected.rss / 2 ** 20),
        'events/s': Math.round((steady.requests * 1000) / steady.tookMs),
        'CPU % of a core': ms(((after.cpuMs - before.cpuMs) * 100) / steady.tookMs),
      })
    })
  }
  console.table(rows)
}
