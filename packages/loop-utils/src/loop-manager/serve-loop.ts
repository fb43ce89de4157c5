import { parentPort, threadId, type MessagePort } from 'node:worker_threads'
import { WrongThreadError } from '../dispatch/dispatch-errors.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Handlers } from '../dispatch/handlers.ts'
import { attachPoster, type Poster } from '../dispatch/poster.ts'
import { checkFunction } from '../errors/option-checks.ts'
import { toPlainError } from '../errors/plain-error.ts'
import { ResourceStack } from '../resources/resource-stack.ts'
import {
  asLoopMessage,
  type CloseLoopMessage,
  type LoopReadyMessage,
  type LoopTroubleMessage,
  type StartLoopMessage,
} from './worker-loop-messages.ts'

/** What the set-up of a worker's loop gets. */
export interface WorkerLoopContext<Owner extends Handlers = Handlers> {
  /** The name that the manager gave the loop. */
  readonly name: string
  /** What was given to `startThread`. */
  readonly data: unknown
  /** Calls back to the loop of the manager, if `startThread` was given a dispatcher. */
  readonly owner: Poster<Owner> | undefined
  /** This loop's: for what its own code hands it from elsewhere. */
  readonly dispatcher: Dispatcher
  /** Released, last first, when the loop closes and has answered its calls, and when the set-up fails. */
  readonly resources: ResourceStack
  /** Aborted when the loop is to close. */
  readonly signal: AbortSignal
}

/** Makes the handlers that the manager's side can call. */
export type WorkerLoopSetup<Owner extends Handlers = Handlers> = (
  context: WorkerLoopContext<Owner>,
) => Handlers | PromiseLike<Handlers>

/**
 * Makes this worker's loop one of a LoopManager: call it once, in the entry that was given to `startThread`. Resolves
 * when the manager closes the loop and everything is released; the worker ends then, if nothing else keeps it.
 *
 * @example
 * ```ts
 * await serveLoop(async ({ data, resources }) => {
 *   const port = resources.adopt(await openPort(data), (port) => port.close())
 *   return { write: (bytes: Uint8Array) => port.write(bytes) }
 * })
 * ```
 *
 * Rejects with WrongThreadError on the main thread, and with what `setup` throws, as does `startThread`.
 */
export async function serveLoop<Owner extends Handlers = Handlers>(setup: WorkerLoopSetup<Owner>): Promise<void> {
  checkFunction('setup', setup)
  if (parentPort === null) {
    throw new WrongThreadError('serveLoop belongs into the entry of a worker thread', threadId)
  }
  await serveLoopOn(parentPort, setup)
}

/** The same on any port to a manager. */
export async function serveLoopOn<Owner extends Handlers>(
  port: MessagePort,
  setup: WorkerLoopSetup<Owner>,
): Promise<void> {
  const closing = received<CloseLoopMessage>(port, 'x:close-loop')
  const { name, data, owner } = await received<StartLoopMessage>(port, 'x:start-loop')
  const controller = new AbortController()
  const resources = new ResourceStack()
  const dispatcher = new Dispatcher({
    name,
    onError: (error) => tell(port, { type: 'x:loop-trouble', error: toPlainError(error) }),
  })
  const poster = owner === undefined ? undefined : attachPoster<Owner>(owner as never)
  let failed: LoopReadyMessage | undefined
  try {
    const { signal } = controller
    dispatcher.register(await setup({ name, data, owner: poster, dispatcher, resources, signal }))
    const handle = dispatcher.connect({ name: 'manager' })
    tell(port, { type: 'x:loop-ready', handle }, handle.ports)
    const { deadlineMs } = await closing
    controller.abort()
    await dispatcher.close({ deadlineMs })
  } catch (error) {
    failed = { type: 'x:loop-failed', error: toPlainError(error) }
    throw error
  } finally {
    await dispatcher.close({ mode: 'discard' })
    await resources.dispose().catch((error: unknown) => {
      tell(port, { type: 'x:loop-trouble', error: toPlainError(error) })
    })
    await poster?.close()
    // only now, as the manager terminates a worker that has failed
    if (failed !== undefined) tell(port, failed)
    port.close()
  }
}

function tell(
  port: MessagePort,
  message: LoopReadyMessage | LoopTroubleMessage,
  transfer: readonly MessagePort[] = [],
): void {
  port.postMessage(message, [...transfer])
}

function received<M extends { readonly type: string }>(port: MessagePort, type: M['type']): Promise<M> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      const wanted = asLoopMessage<M>(message, type)
      if (wanted === undefined) return
      port.off('message', onMessage)
      resolve(wanted)
    }
    port.on('message', onMessage)
  })
}
