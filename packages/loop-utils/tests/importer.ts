import { parentPort, workerData } from 'node:worker_threads'

/** Runs in a worker: imports one entry and tells what it exports and what keeps the thread alive afterwards. */
const { entry } = workerData as { entry: string }
const globals = new Set(Reflect.ownKeys(globalThis))
const exported = Object.keys((await import(entry)) as object)
parentPort?.postMessage({
  exported,
  // the port to the parent is one that the test itself brought
  resources: process.getActiveResourcesInfo().filter((name) => name !== 'MessagePort'),
  globals: Reflect.ownKeys(globalThis)
    .filter((key) => !globals.has(key))
    .map(String),
})
