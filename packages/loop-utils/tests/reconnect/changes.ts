/** Lets a test wait until something is so, looking again at each change rather than after some time. */
export class Changes {
  #waiting: (() => void)[] = []

  tell(): void {
    for (const look of this.#waiting.splice(0)) look()
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
