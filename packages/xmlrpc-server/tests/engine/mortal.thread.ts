import { serveEngines } from '@x/loop-utils/thread'
import { workerData } from 'node:worker_threads'
import { xmlRpcEngine } from '../../src/engine/xmlrpc-engine.ts'

serveEngines([xmlRpcEngine])

// from within: on Node 20 a terminate() from another thread aborts the whole process when it meets the HTTP parser
const { lifeMs } = workerData as { lifeMs: number }
setTimeout(() => process.exit(7), lifeMs).unref()
