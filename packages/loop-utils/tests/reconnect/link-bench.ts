import { ManualClock, seeded } from '../../src/clock/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { Reconnector, type Link, type ReconnectorChange, type ReconnectorOptions } from '../../src/reconnect/index.ts'

/** A link whose peer the test plays. */
export class TestLink implements Link {
  readonly closed: Promise<void>
  closeCalls = 0
  isOpen = true
  /** Whether `close()` takes effect. */
  isObedient = true
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void }

  constructor() {
    let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined
    this.closed = new Promise((resolve, reject) => (settle = { resolve, reject }))
    this.#settle = settle as never
  }

  lose(error?: unknown): void {
    this.isOpen = false
    if (error === undefined) this.#settle.resolve()
    else this.#settle.reject(error)
  }

  close(): unknown {
    this.closeCalls++
    if (this.isObedient) this.lose()
    return undefined
  }
}

/** One call of `connect`, which the test answers. */
export interface Attempt {
  readonly at: number
  readonly context: CallContext
  succeed(link?: TestLink): TestLink
  fail(error?: unknown): void
}

/** A reconnector on a manual clock whose attempts the test answers. */
export class LinkBench {
  readonly clock: ManualClock = new ManualClock()
  readonly attempts: Attempt[] = []
  readonly links: TestLink[] = []
  readonly changes: ReconnectorChange[] = []
  readonly reconnector: Reconnector<TestLink>
  /** Answers attempts at once when set. */
  answer: ((attempt: Attempt) => void) | undefined

  constructor(options: Partial<ReconnectorOptions<TestLink>> = {}) {
    this.reconnector = new Reconnector<TestLink>({
      clock: this.clock,
      random: seeded(1),
      connect: (context) => this.#connect(context),
      onState: (change) => void this.changes.push(change),
      ...options,
    })
  }

  get states(): string[] {
    return this.changes.map(({ state }) => state)
  }

  get lastAttempt(): Attempt {
    const attempt = this.attempts.at(-1)
    if (attempt === undefined) throw new Error('no attempt was made')
    return attempt
  }

  /** Starts and brings the link up. */
  async up(): Promise<TestLink> {
    this.reconnector.start()
    const link = this.lastAttempt.succeed()
    await this.clock.settle()
    return link
  }

  /** Stops, giving what hangs the time to be abandoned. */
  async end(): Promise<void> {
    await Promise.all([this.reconnector.stop(), this.clock.advance(10_000)])
  }

  #connect(context: CallContext): Promise<TestLink> {
    return new Promise((resolve, reject) => {
      const attempt: Attempt = {
        at: this.clock.now(),
        context,
        succeed: (link = new TestLink()) => {
          this.links.push(link)
          resolve(link)
          return link
        },
        fail: (error = new Error('refused')) => reject(error),
      }
      this.attempts.push(attempt)
      this.answer?.(attempt)
    })
  }
}
