// Lets worker threads and child processes of a test run load TypeScript sources (see sources-hooks.mjs).
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { IMPORT_SOURCE, isBundle, startWorkersFromBundles } from './thread-bundles.mjs'

const loadSources = () => register('./sources-hooks.mjs', import.meta.url)

if (isMainThread) startWorkersFromBundles()

if (isMainThread || !isBundle(process.argv[1])) {
  loadSources()
} else {
  // the hooks run in a thread of their own, which few bundles need
  let areHooksLoaded = false
  globalThis[IMPORT_SOURCE] = (address) => {
    if (!areHooksLoaded) loadSources()
    areHooksLoaded = true
    return import(address)
  }
}
