// Measures the server beside a bare node:http echo and the npm servers; all in one run, in interleaved rounds.
import { median, withServers } from './processes.mjs'

/** Medians over rounds in which the servers take turns. */
async function flood(kinds, { rounds, ...command }) {
  return withServers(kinds, async (load, servers) => {
    const rows = new Map(kinds.map((kind) => [kind, []]))
    // the first round only warms up
    for (let round = 0; round <= rounds; round++) {
      for (const server of servers) {
        const before = await server.usage()
        const result = await load.run('flood', server, command)
        const after = await server.usage()
        if (result.failed > 0) throw new Error(`${server.kind}: ${result.failed} requests failed`)
        const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / result.requests
        if (round > 0) rows.get(server.kind).push({ ...result, cpuUs })
      }
    }
    const middle = (kind, field) => median(rows.get(kind).map((row) => row[field]))
    return kinds.map((kind) => ({
      kind,
      perSecond: middle(kind, 'perSecond'),
      cpuUs: middle(kind, 'cpuUs'),
      p50Ms: middle(kind, 'p50Ms'),
      p99Ms: middle(kind, 'p99Ms'),
    }))
  })
}

function table(what, results, against) {
  const base = results.find(({ kind }) => kind === against)
  const rows = results.map(({ kind, perSecond, cpuUs, p50Ms, p99Ms }) => ({
    [what]: kind,
    'req/s': Math.round(perSecond),
    [`req/s to ${against}`]: ratio(perSecond / base.perSecond),
    'µs CPU/req': Number(cpuUs.toFixed(1)),
    [`CPU to ${against}`]: ratio(cpuUs / base.cpuUs),
    'p50 ms': Number(p50Ms.toFixed(2)),
    'p99 ms': Number(p99Ms.toFixed(2)),
  }))
  console.table(rows)
}

function ratio(value) {
  return `${value < 2 ? value.toFixed(2) : value.toFixed(1)} ×`
}

/** Single events over 64 connections, beside the least that Node.js can do. */
export async function measureEvents() {
  const command = { connections: 64, durationMs: 1200, document: 'event', rounds: 7 }
  table('single events, 64 connections', await flood(['echo', 'loop', 'thread', 'homematic-xmlrpc'], command), 'echo')
}

/** Multicalls of 100 events over 16 connections, beside npm homematic-xmlrpc. */
export async function measureMulticalls() {
  const command = { connections: 16, durationMs: 1200, document: 'multicall', rounds: 5 }
  const kinds = ['homematic-xmlrpc', 'xmlrpc', 'loop', 'thread']
  table('multicall of 100 events', await flood(kinds, command), 'homematic-xmlrpc')
}

/** Ten thousand connections at once, each with an event. */
export async function measureConnections(count = 10_000) {
  const rows = []
  for (const kind of ['echo', 'loop', 'thread']) {
    await withServers([kind], async (load, [server]) => {
      const before = await server.usage()
      const { answered, openMs, answerMs } = await load.run('hold', server, { count })
      const { rss } = await server.usage()
      await load.run('release', server)
      rows.push({
        [`${count} connections`]: kind,
        answered,
        'open s': Number((openMs / 1000).toFixed(2)),
        'all answered s': Number((answerMs / 1000).toFixed(2)),
        'KB/connection': Number(((rss - before.rss) / 1024 / count).toFixed(1)),
      })
    })
  }
  console.table(rows)
}
