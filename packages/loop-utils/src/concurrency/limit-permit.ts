/** How the work of a permit went: an `unknown` end teaches the limit nothing. */
export type LimitOutcome = 'success' | 'overload' | 'unknown'

/**
 * A slot of an adaptive limit. The first call of `succeed`, `overload` or `release` gives it back; later ones are
 * harmless.
 */
export class LimitPermit implements Disposable {
  #giveBack: ((outcome: LimitOutcome) => void) | undefined

  /** `giveBack` is called once. */
  constructor(giveBack: (outcome: LimitOutcome) => void) {
    this.#giveBack = giveBack
  }

  get isReleased(): boolean {
    return this.#giveBack === undefined
  }

  /** The work went well; how long it took counts. */
  succeed(): void {
    this.#end('success')
  }

  /** The peer said that there is too much at once. */
  overload(): void {
    this.#end('overload')
  }

  /** The work ended in a way that says nothing about the peer's load. */
  release(): void {
    this.#end('unknown')
  }

  [Symbol.dispose](): void {
    this.release()
  }

  #end(outcome: LimitOutcome): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.(outcome)
  }
}
