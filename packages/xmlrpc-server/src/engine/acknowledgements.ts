import type { EngineContext } from '@x/loop-utils/channel'
import type { AcknowledgementGate } from './acknowledgement-gate.ts'
import { CallCellsWriter } from './call-cells.ts'
import type { XmlRpcEngineContract } from './contract.ts'
import type { Crossing } from './crossing.ts'

/** Calls in one message: the owner's loop is not to be busy with one for long. */
const MOST_IN_MESSAGE = 256

/** A call that is to be acknowledged. */
export interface PendingCall {
  readonly method: string
  readonly params: Crossing
  readonly weight: number
}

/** Told when calls are in the stream for good and there is room for more; with an error when they never will be. */
export type Committed = (error?: unknown) => void

/**
 * Puts calls into the stream to the facade, those of one turn of the loop together: what a message and its commit cost
 * is then shared by all requests that were read at once. Nobody gets an answer before his calls are committed.
 */
export class Acknowledgements {
  readonly #context: EngineContext<XmlRpcEngineContract>
  readonly #gate: AcknowledgementGate
  readonly #cells = new CallCellsWriter()
  #hasRoom = true
  #isUncommitted = false
  #waiting: Committed[] = []
  #immediate: NodeJS.Immediate | undefined

  constructor(context: EngineContext<XmlRpcEngineContract>, gate: AcknowledgementGate) {
    this.#context = context
    this.#gate = gate
  }

  /** Appends a call. `committed` is called at the end of this turn of the loop or later. */
  add({ method, params, weight }: PendingCall, committed?: Committed): void {
    this.#cells.add(method, params, weight)
    this.#gate.sent(weight)
    if (committed !== undefined) this.#waiting.push(committed)
    if (this.#cells.count === MOST_IN_MESSAGE) this.#emit()
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
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#cells.count > 0) this.#emit()
    if (this.#isUncommitted) this.#context.commit()
    const hasRoom = this.#isUncommitted ? this.#hasRoom : this.#context.isWritable
    this.#isUncommitted = false
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

  #emit(): void {
    this.#hasRoom = this.#context.emit('acknowledged', this.#cells.take())
    this.#isUncommitted = true
  }
}

function tell(waiting: readonly Committed[], error?: unknown): void {
  for (const committed of waiting) committed(error)
}
