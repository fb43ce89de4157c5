import type { EngineContext } from '@x/loop-utils/channel'
import type { AcknowledgementGate } from './acknowledgement-gate.ts'
import type { AcknowledgedCall, XmlRpcEngineContract } from './contract.ts'

/** Calls in one message: the owner's loop is not to be busy with one for long. */
const MOST_IN_MESSAGE = 256

/** Told when calls are in the stream for good and there is room for more; with an error when they never will be. */
export type Committed = (error?: unknown) => void

/**
 * Puts calls into the stream to the facade, those of one turn of the loop together: what a message and its commit cost
 * is then shared by all requests that were read at once. Nobody gets an answer before his calls are committed.
 */
export class Acknowledgements {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #gate: AcknowledgementGate
  #calls: AcknowledgedCall[] = []
  #waiting: Committed[] = []
  #immediate: NodeJS.Immediate | undefined

  constructor(context: EngineContext<XmlRpcEngineContract>, gate: AcknowledgementGate) {
    this.#context = context
    this.#gate = gate
  }

  /** Appends a call. `committed` is called at the end of this turn of the loop or later. */
  add(call: AcknowledgedCall, committed?: Committed): void {
    this.#calls.push(call)
    this.#gate.sent(call.weight ?? 1)
    if (committed !== undefined) this.#waiting.push(committed)
    this.#immediate ??= setImmediate(() => this.flush())
  }

  /** Resolves when everything that was appended is in the stream for good and there is room for more. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((error) => (error === undefined ? resolve() : reject(error)))
      this.flush()
    })
  }

  /** Puts everything that was appended into the stream now. */
  flush(): void {
    clearImmediate(this.#immediate)
    this.#immediate = undefined
    const calls = this.#calls
    const waiting = this.#waiting
    this.#calls = []
    this.#waiting = []
    const hasRoom = this.#send(calls)
    if (hasRoom) tell(waiting)
    else {
      this.#context.writable().then(
        () => tell(waiting),
        (error: unknown) => tell(waiting, error),
      )
    }
  }

  /** Forgets what was appended and not answered. */
  dispose(): void {
    clearImmediate(this.#immediate)
  }

  #send(calls: readonly AcknowledgedCall[]): boolean {
    const context = this.#context
    if (calls.length === 0) return context.isWritable
    let hasRoom = true
    if (calls.length <= MOST_IN_MESSAGE) hasRoom = context.emit('acknowledged', { calls })
    else {
      for (let from = 0; from < calls.length; from += MOST_IN_MESSAGE) {
        hasRoom = context.emit('acknowledged', { calls: calls.slice(from, from + MOST_IN_MESSAGE) })
      }
    }
    context.commit()
    return hasRoom
  }
}

function tell(waiting: readonly Committed[], error?: unknown): void {
  for (const committed of waiting) committed(error)
}
