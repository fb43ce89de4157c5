import { isMainThread, parentPort } from 'node:worker_threads'
import type { AnyEngineDefinition } from '../channel/contract.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { EngineServer } from './engine-server.ts'

/**
 * Makes this worker serve a thread host: the whole of a `*.thread.ts` entry beside its imports. The worker lives until
 * its host closes it, and its engines share its loop.
 *
 * An error that escapes an engine's own background work (a rejected promise that nobody awaits, a throwing timer) ends
 * the worker with all of its engines, for nobody knows what state it left behind; the host then restarts them.
 *
 * @throws ServiceStateError outside of a worker
 */
export function serveEngines(definitions: readonly AnyEngineDefinition[]): void {
  if (isMainThread || parentPort === null) {
    throw new ServiceStateError('serve engines', 'on the main thread', 'call it in the entry of a worker')
  }
  new EngineServer(parentPort, definitions).start()
}
