// A program with one engine and nothing else. Arguments: the mode, and what is done with the engine.
import { LoopHost, ThreadHost } from '../../../src/channel/index.ts'
import { conformanceEngine } from '../../../src/testing/conformance/conformance-engine.ts'
import { startConformanceWorker } from '../../../src/testing/conformance/index.ts'
import { quietHandlers } from '../quiet-handlers.ts'

const [mode, fate] = process.argv.slice(2)
const host = mode === 'thread' ? new ThreadHost({ entry: () => startConformanceWorker() }) : new LoopHost()
const link = await host.place(conformanceEngine, {}, quietHandlers)
console.log(await link.call('echo', 'placed'))
if (fate === 'close the link') await link.close()
if (fate === 'close the host') await host.close()
if (fate === 'exit') process.exit(5)
