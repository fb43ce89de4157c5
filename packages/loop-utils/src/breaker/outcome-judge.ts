import { OptionError } from '../errors/option-error.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { isThenable } from '../policy/race.ts'
import type { BreakerSettings } from './breaker-options.ts'
import type { Outcome, Settled } from './breaker-state.ts'
import type { CircuitMachine } from './circuit-machine.ts'
import type { IssuedPermit } from './permit.ts'

/** Tells the machine how the calls ended that a breaker made. */
export class OutcomeJudge {
  readonly #settings: BreakerSettings
  readonly #machine: CircuitMachine

  constructor(settings: BreakerSettings, machine: CircuitMachine) {
    this.#settings = settings
    this.#machine = machine
  }

  fulfilled(permit: IssuedPermit, value: unknown): void {
    if (this.#settings.classify === undefined) this.#machine.succeed(permit)
    else this.#judge(permit, { status: 'fulfilled', value }, 'success')
  }

  rejected(permit: IssuedPermit, reason: unknown): void {
    if (this.#settings.classify === undefined) this.#machine.fail(permit, reason)
    else this.#judge(permit, { status: 'rejected', reason }, 'failure')
  }

  /** The caller gave up: that tells nothing about the peer, unless it was since time was up. */
  aborted(permit: IssuedPermit, reason: unknown): void {
    const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
    this.#judge(permit, { status: 'rejected', reason }, isTimeout ? 'failure' : 'ignore')
  }

  #judge(permit: IssuedPermit, settled: Settled, byDefault: Outcome): void {
    const outcome = this.#classify(settled, byDefault)
    if (outcome === 'success') this.#machine.succeed(permit)
    else if (outcome === 'ignore') this.#machine.ignore(permit)
    else this.#machine.fail(permit, settled.status === 'rejected' ? settled.reason : undefined)
  }

  #classify(settled: Settled, byDefault: Outcome): Outcome {
    const { classify } = this.#settings
    if (classify === undefined) return byDefault
    try {
      const outcome: unknown = classify(settled, byDefault)
      if (isOutcome(outcome)) return outcome
      // its rejection has been told of before it comes
      if (isThenable(outcome)) outcome.then(undefined, () => undefined)
      this.#report(new OptionError('classify', outcome, "one that returns 'success', 'failure' or 'ignore' at once"))
    } catch (error) {
      this.#report(error)
    }
    return byDefault
  }

  #report(error: unknown): void {
    const { onError } = this.#settings
    if (onError === undefined) warnOfStrayError(error, 'classify')
    else callSafely('onError', () => onError(error))
  }
}

function isOutcome(value: unknown): value is Outcome {
  return value === 'success' || value === 'failure' || value === 'ignore'
}
