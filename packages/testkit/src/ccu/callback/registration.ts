/**
 * Where a registration stands: the callback server is being asked what it knows and told the devices, gets events, did
 * not answer any more, or was removed.
 */
export type RegistrationState = 'introducing' | 'ready' | 'dead' | 'stopped'

/** A registration by `init`, and how its callback server has answered. */
export interface CcuRegistration {
  readonly interfaceId: string
  readonly url: string
  readonly state: RegistrationState
  /** ISO 8601. */
  readonly registeredAt: string
  /** Events that were answered, also with a fault. */
  readonly sent: number
  /** Events that were not: no answer, a full queue, a dead interface. */
  readonly lost: number
  /** Events that wait. */
  readonly queued: number
  /** Calls that were answered, answered with a fault, and not answered. */
  readonly answered: number
  readonly faults: number
  readonly failed: number
  readonly lastFailure?: string
}
