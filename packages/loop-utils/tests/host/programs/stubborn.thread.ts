// A worker that serves, and does not end by itself.
import { serveEngines } from '../../../src/channel/thread.ts'
import { conformanceEngine } from '../../../src/testing/conformance/conformance-engine.ts'

setInterval(() => undefined, 1000)
serveEngines([conformanceEngine])
