/** What a link counts, over all engines that it has had. */
export class LinkCounters {
  delivered = 0
  handlerErrors = 0
  restarts = 0
  readonly #dropped: Record<string, number> = {}

  drop(name: string, count: number): void {
    this.#dropped[name] = (this.#dropped[name] ?? 0) + count
  }

  get dropped(): Readonly<Record<string, number>> {
    return { ...this.#dropped }
  }
}
