import { parentPort } from 'node:worker_threads'
import { systemClock } from '../../src/clock/index.ts'

/** Runs in a worker: answers each message with what its clock shows. */
parentPort?.on('message', () => parentPort?.postMessage(systemClock.now()))
