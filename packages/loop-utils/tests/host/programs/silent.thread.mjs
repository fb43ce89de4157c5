// A worker that never says that it takes engines, but other things.
import { parentPort } from 'node:worker_threads'

parentPort.postMessage('hello')
parentPort.on('message', () => undefined)
