/** Why a service works with restrictions, by what causes them. */
export class Restrictions {
  readonly #reasons = new Map<string, { readonly reason: string; readonly cause: unknown }>()
  readonly #onChange: (reason: string | undefined, cause: unknown) => void

  /** `onChange` is told all reasons together, undefined for none, and the latest cause. */
  constructor(onChange: (reason: string | undefined, cause: unknown) => void) {
    this.#onChange = onChange
  }

  /** All reasons together; undefined when there is none. */
  get reason(): string | undefined {
    if (this.#reasons.size === 0) return undefined
    return Array.from(this.#reasons.values(), ({ reason }) => reason).join('; ')
  }

  set(source: string, reason: string, cause?: unknown): void {
    this.#reasons.set(source, { reason, cause })
    this.#onChange(this.reason, cause)
  }

  clear(source: string): void {
    if (this.#reasons.delete(source)) this.#onChange(this.reason, [...this.#reasons.values()].at(-1)?.cause)
  }

  clearAll(): void {
    for (const source of this.#reasons.keys()) this.clear(source)
  }
}
