// Runs the benches one after the other, or those that are named: node bench/run.mjs [codec] [events] [multicalls]
// [connections] [design]. Trust the ratios, which are taken within one run.
import { measurePoints, measureRuns } from './design.mjs'
import { measureConnections, measureEvents, measureMulticalls } from './server.mjs'

const BENCHES = {
  codec: () => import('./codec.mjs'),
  events: measureEvents,
  multicalls: measureMulticalls,
  connections: () => measureConnections(),
  design: async () => {
    await measureRuns()
    await measurePoints()
  },
}

const asked = process.argv.slice(2).filter((argument) => argument !== '--')
for (const name of asked)
  if (!Object.hasOwn(BENCHES, name)) throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) await BENCHES[name]()
