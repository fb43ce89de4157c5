import { Agent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Capture, CapturedRequest } from './capture.ts'
import { callHttp, type HttpAnswer } from './http-call.ts'
import { LiveCalls } from './live-calls.ts'
import { readCapture } from './read-capture.ts'
import { checkHttpUrl } from './recorder-options.ts'
import { replayRules, type ReplayOptions, type ReplayRules } from './replay-options.ts'
import { ReplayTally, type ReplayReport } from './replay-report.ts'

/**
 * Sends the callbacks that a CallbackRecorder has recorded to a callback server, with the timing that they had, and
 * compares the answers with those that were recorded. A request is not sent before those were answered that had been
 * answered when it came first: what came in order stays in order, at any speed. Requests go to the paths that they were
 * recorded with; that of `url` is not used.
 *
 * @throws OptionError, CaptureFileError, or the reason of `signal`; a request that fails is counted
 * @example
 * const { matching, differing } = await replayCallbacks('session.ndjson', 'http://127.0.0.1:9120', { speed: Infinity })
 */
export async function replayCallbacks(
  file: string,
  url: string | URL,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const rules = replayRules(options)
  const target = checkHttpUrl('url', url)
  rules.signal?.throwIfAborted()
  const capture = await readCapture(file, options)
  const replay = new Replay(target, rules)
  const onAbort = (): void => replay.end(rules.signal?.reason)
  rules.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await replay.run(capture)
  } finally {
    rules.signal?.removeEventListener('abort', onAbort)
    await replay.close()
  }
}

interface Flight {
  /** When the request had been answered, as recorded; Infinity when it had not. */
  readonly answeredAtMs: number
  /** Never rejects. */
  readonly landed: Promise<void>
}

class Replay {
  readonly #target: URL
  readonly #rules: ReplayRules
  readonly #agent: Agent
  readonly #tally: ReplayTally
  readonly #flights = new Set<Flight>()
  readonly #calls: LiveCalls

  constructor(target: URL, rules: ReplayRules) {
    this.#target = target
    this.#rules = rules
    const settings = { keepAlive: true, maxSockets: rules.maxConcurrent }
    this.#agent = target.protocol === 'https:' ? new HttpsAgent(settings) : new Agent(settings)
    this.#tally = new ReplayTally(rules.maxDifferences)
    this.#calls = new LiveCalls(rules.clock, rules.timeoutMs)
  }

  async run({ requests }: Capture): Promise<ReplayReport> {
    const { clock, speed, signal } = this.#rules
    const startedAt = clock.now()
    for (const request of requests) {
      const dueAt = startedAt + request.atMs / speed
      const waitMs = dueAt - clock.now()
      if (speed !== Infinity && waitMs > 0) await clock.sleep(waitMs, signal)
      await this.#clearFor(request)
      signal?.throwIfAborted()
      this.#tally.sent(speed === Infinity ? 0 : Math.max(0, clock.now() - dueAt))
      this.#send(request)
    }
    await this.#landed([...this.#flights])
    return this.#tally.report(clock.now() - startedAt)
  }

  /** Cuts off what is under way. */
  end(reason: unknown): void {
    this.#calls.end(reason)
  }

  /** Ends in order; what is under way, if anything, is cut off. */
  async close(): Promise<void> {
    this.end(new Error('the replay has ended'))
    await Promise.all([...this.#flights].map(({ landed }) => landed))
    this.#agent.destroy()
  }

  /** Waits for what had been answered before the request came, and for room. */
  async #clearFor({ atMs }: CapturedRequest): Promise<void> {
    await this.#landed([...this.#flights].filter(({ answeredAtMs }) => answeredAtMs <= atMs))
    while (this.#flights.size >= this.#rules.maxConcurrent) {
      await this.#orAbort(Promise.race([...this.#flights].map(({ landed }) => landed)))
    }
  }

  async #landed(flights: readonly Flight[]): Promise<void> {
    if (flights.length > 0) await this.#orAbort(Promise.all(flights.map(({ landed }) => landed)))
  }

  /** An abort cuts the flights off, too, so that nothing is waited for in vain. */
  async #orAbort(waiting: Promise<unknown>): Promise<void> {
    const { signal } = this.#rules
    await waiting
    signal?.throwIfAborted()
  }

  #send(request: CapturedRequest): void {
    const flight: Flight = { answeredAtMs: request.answer?.atMs ?? Infinity, landed: this.#call(request) }
    this.#flights.add(flight)
    void flight.landed.then(() => this.#flights.delete(flight))
  }

  async #call(request: CapturedRequest): Promise<void> {
    const { headers, maxAnswerBytes } = this.#rules
    const call = (signal: AbortSignal): Promise<HttpAnswer> =>
      callHttp({
        url: new URL(`${this.#target.origin}${request.path}`),
        method: 'POST',
        headers: { ...request.headers, ...headers },
        body: request.body,
        agent: this.#agent,
        signal,
        maxAnswerBytes,
      })
    try {
      this.#tally.answered(request, await this.#calls.run(call))
    } catch (error) {
      this.#tally.failed(request, error)
    }
  }
}
