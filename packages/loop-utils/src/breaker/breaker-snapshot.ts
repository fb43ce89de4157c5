import { checkDuration, checkInteger, checkOneOf } from '../errors/option-checks.ts'
import type { CircuitState } from './breaker-state.ts'
import type { RecoveryProgress } from './half-open-gate.ts'
import { fieldsOf } from './snapshot-fields.ts'
import type { TripSnapshot } from './trip.ts'

/**
 * The state of a circuit as plain data, to be kept over a restart. It holds no points of time but what remained of them:
 * while nobody ran, no time passed. Isolation and disablement belong to whoever asked for them and are not in it.
 */
export interface BreakerSnapshot {
  readonly version: 1
  readonly state: CircuitState
  /** How long it was still to stay open, in milliseconds; 0 unless it was. */
  readonly remainingMs: number
  /** How often it had opened without closing since. */
  readonly opens: number
  readonly recovery: RecoveryProgress
  readonly trip: TripSnapshot
}

/** The parts of a snapshot that do not depend on the trip. */
export interface CheckedSnapshot {
  readonly state: CircuitState
  readonly remainingMs: number
  readonly opens: number
  readonly recovery: RecoveryProgress
  readonly trip: unknown
}

/**
 * Checks everything but the trip's part. Progress that these settings cannot have had begins anew.
 *
 * @throws OptionError naming what is wrong, a path that begins with `option`
 */
export function checkSnapshot(snapshot: unknown, option: string): CheckedSnapshot {
  const fields = fieldsOf(snapshot, option)
  checkOneOf(`${option}.version`, fields['version'], [1])
  return {
    state: checkOneOf(`${option}.state`, fields['state'], ['closed', 'open', 'half-open']),
    remainingMs: checkDuration(`${option}.remainingMs`, fields['remainingMs']),
    opens: checkInteger(`${option}.opens`, fields['opens'], { min: 0 }),
    recovery: checkRecovery(fields['recovery'], `${option}.recovery`),
    trip: fields['trip'],
  }
}

function checkRecovery(recovery: unknown, option: string): RecoveryProgress {
  const { successes, stage } = fieldsOf(recovery, option)
  return {
    successes: checkInteger(`${option}.successes`, successes, { min: 0 }),
    stage: checkInteger(`${option}.stage`, stage, { min: 0 }),
  }
}
