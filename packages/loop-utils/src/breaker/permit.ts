import { checkDuration } from '../errors/option-checks.ts'
import type { PlaceHolder, ProbeSlots } from './probe-slots.ts'

/**
 * The leave to make one call, for protocols whose answers come by callback. One of its methods is called once, when
 * the outcome is known. A second time is ignored and counted, and so is a time after the breaker has changed its state.
 */
export interface Permit {
  /** Whether one of the methods was called. */
  readonly isSettled: boolean
  /**
   * The call succeeded.
   *
   * @param durationMs how long it took; default: since the permit was acquired
   */
  success(durationMs?: number): void
  /**
   * The call failed, with `error`.
   *
   * @param durationMs how long it took; default: since the permit was acquired
   */
  failure(error?: unknown, durationMs?: number): void
  /** The call tells nothing about the peer: it was cancelled, or refused for a fault of the caller's. */
  ignore(): void
}

/** Who is told of the end of a permit. */
export interface PermitIssuer {
  succeed(permit: IssuedPermit, durationMs?: number): void
  fail(permit: IssuedPermit, error: unknown, durationMs?: number): void
  ignore(permit: IssuedPermit): void
}

/** The generation of permits that never move the state: of a disabled breaker, or one that only reports. */
export const SHADOW = -1

/** A permit as the state machine made it. */
export class IssuedPermit implements Permit, PlaceHolder {
  /** Set by the issuer. */
  isSettled = false
  /** In which life of the circuit it was given; what comes after that life has ended is late. */
  readonly generation: number
  /** When it was given, if that matters; otherwise 0. */
  readonly acquiredAtMs: number
  /** Where it holds one of few places. */
  slots: ProbeSlots | undefined
  readonly #issuer: PermitIssuer

  constructor(issuer: PermitIssuer, generation: number, acquiredAtMs: number) {
    this.#issuer = issuer
    this.generation = generation
    this.acquiredAtMs = acquiredAtMs
  }

  success(durationMs?: number): void {
    if (durationMs !== undefined) checkDuration('durationMs', durationMs)
    this.#issuer.succeed(this, durationMs)
  }

  failure(error?: unknown, durationMs?: number): void {
    if (durationMs !== undefined) checkDuration('durationMs', durationMs)
    this.#issuer.fail(this, error, durationMs)
  }

  ignore(): void {
    this.#issuer.ignore(this)
  }
}
