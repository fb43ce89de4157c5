import { ErrorRevival } from '../errors/error-revival.ts'
import { XError } from '../errors/x-error.ts'
import { ModuleRefError } from './module-ref.ts'
import { RecordBatchError } from './record-batch.ts'

/** A call or question was made after its link had begun to close, or was still waiting when the link ended. */
export class LinkClosedError extends XError {
  override readonly name = 'LinkClosedError'
  readonly code = 'LOOP_LINK_CLOSED'
  /** The engine at the other end of the link. */
  readonly engine: string

  constructor(engine: string) {
    super(`the link to engine '${engine}' is closed; place the engine again before calling it`)
    this.engine = engine
  }
}

/** Why the work behind a call or question is aborted at its far end; whoever asked has his own reason. */
export class CallCancelledError extends XError {
  override readonly name = 'CallCancelledError'
  readonly code = 'LOOP_CALL_CANCELLED'
  /** The command or question. */
  readonly call: string

  constructor(call: string) {
    super(`whoever asked for '${call}' waits no longer; stop working on it`)
    this.call = call
  }
}

/** The two ends of a link do not know the same commands, questions, events or engines. */
export class ContractError extends XError {
  override readonly name = 'ContractError'
  readonly code = 'LOOP_CONTRACT'
  /** What was asked for and is missing. */
  readonly missing: string

  constructor(missing: string, where: string) {
    super(`there is no ${missing} in ${where}; load the same version of the package at both ends`)
    this.missing = missing
  }
}

const CLASSES = {
  LOOP_LINK_CLOSED: LinkClosedError,
  LOOP_CALL_CANCELLED: CallCancelledError,
  LOOP_CONTRACT: ContractError,
  LOOP_MODULE_REF: ModuleRefError,
  LOOP_RECORD_BATCH: RecordBatchError,
} as const

const ownRevival: ErrorRevival = new ErrorRevival(CLASSES)

/** Adds the errors of links to a package's own. */
export function linkRevival(errors: ErrorRevival | undefined): ErrorRevival {
  return errors === undefined ? ownRevival : errors.with(CLASSES)
}
