import type { Clock, Random } from '@x/loop-utils/clock'

/** Pings that were never answered are forgotten beyond this. */
const MAX_PENDING = 100

/** Names pings and knows their PONGs again. */
export class Pings {
  readonly #interfaceId: string
  readonly #clock: Clock
  readonly #run: string
  readonly #sentAt = new Map<string, number>()
  #number = 0

  constructor(interfaceId: string, clock: Clock, random: Random) {
    this.#interfaceId = interfaceId
    this.#clock = clock
    // another program may use the same interface id
    this.#run = Math.floor(random() * 2 ** 32).toString(36)
  }

  get pending(): number {
    return this.#sentAt.size
  }

  /** The token of the next ping, which is on its way now: `<interface id>#<token>`. */
  next(): string {
    this.#number++
    const token = `${this.#interfaceId}#${this.#run}-${this.#number}`
    this.#sentAt.set(token, this.#clock.now())
    const [oldest] = this.#sentAt.keys()
    if (this.#sentAt.size > MAX_PENDING && oldest !== undefined) this.#sentAt.delete(oldest)
    return token
  }

  /** How long the PONG took, in milliseconds; undefined when it is not one of ours. */
  take(token: string): number | undefined {
    const sentAt = this.#sentAt.get(token)
    if (sentAt === undefined) return undefined
    this.#sentAt.delete(token)
    return this.#clock.now() - sentAt
  }

  clear(): void {
    this.#sentAt.clear()
  }
}
