import type { IncomingMessage } from 'node:http'
import { callSafely } from '@x/loop-utils/observe'
import { ServiceCore, type StopReport, type StopRequest } from '@x/loop-utils/service'
import { timeout } from '@x/loop-utils/timeout'
import { CallbackForwarder, endToEnd } from './callback-forwarder.ts'
import { CaptureFileError } from './capture-file-error.ts'
import { CaptureWriter } from './capture-writer.ts'
import { RecorderHttp, type RecorderAnswer } from './recorder-http.ts'
import { recorderRules, type CallbackRecorderOptions, type RecorderRules } from './recorder-options.ts'
import { Recording } from './recording.ts'

interface Session {
  readonly forwarder: CallbackForwarder
  readonly recording: Recording
  readonly http: RecorderHttp
}

/**
 * Stands in front of a callback server, hands every request on to it, and writes the callbacks with their answers to a
 * file that `replayCallbacks` plays back. The server needs no option for it; let the CCU call the recorder's port
 * instead of the server's. What cannot be recorded is handed on all the same, counted, and told by `health()`.
 *
 * @example
 * const recorder = new CallbackRecorder({ file: 'session.ndjson', target: `http://127.0.0.1:${server.listenPort}` })
 * await recorder.start()
 * // init with http://<this machine>:<recorder.port>/RPC2 …
 * await recorder.stop()
 */
export class CallbackRecorder extends ServiceCore {
  readonly #rules: RecorderRules
  #session: Session | undefined
  #requests = 0
  #failed = 0
  #recorded = 0
  #dropped = 0

  /** @throws OptionError when an option is not usable */
  constructor(options: CallbackRecorderOptions) {
    const rules = recorderRules(options)
    const { onError, clock } = rules
    super({ name: 'callback-recorder', clock, ...(onError === undefined ? {} : { onError }) })
    this.#rules = rules
  }

  /** The port that it listens on; 0 when it does not. */
  get port(): number {
    return this.#session?.http.port ?? 0
  }

  /** `requests`, and how many of them were `recorded`, `dropped` for want of room, or `failed` to reach the server. */
  protected override counters(): Readonly<Record<string, number>> {
    const { recorded = 0, dropped = 0 } = this.#session?.recording ?? {}
    return {
      requests: this.#requests,
      recorded: this.#recorded + recorded,
      dropped: this.#dropped + dropped,
      failed: this.#failed,
    }
  }

  /** @throws CaptureFileError, BindError */
  protected override async onStart(): Promise<void> {
    const { file, maxFileBytes, host, port, maxConnections, maxBodyBytes, clock } = this.#rules
    const onEnd = (why: string, cause?: unknown): void => this.#onFileEnd(why, cause)
    const recording = new Recording(await CaptureWriter.open({ file, maxFileBytes, onEnd }), clock)
    const forwarder = new CallbackForwarder(this.#rules)
    const session: Session = {
      recording,
      forwarder,
      http: new RecorderHttp({
        host,
        port,
        maxConnections,
        maxBodyBytes,
        answer: (request, body) => this.#answer(session, request, body),
      }),
    }
    try {
      await session.http.listen()
    } catch (error) {
      await recording.remove()
      throw error
    }
    this.#session = session
  }

  protected override async onStop({ drain, deadlineMs }: StopRequest): Promise<Partial<StopReport>> {
    const session = this.#session
    if (session === undefined) return {}
    const { http, forwarder, recording } = session
    // what does not come in time is cut off below
    if (drain) await timeout(() => http.quiet(), deadlineMs, { clock: this.#rules.clock }).catch(() => undefined)
    forwarder.close()
    await http.close()
    await recording.close()
    this.#session = undefined
    this.#recorded += recording.recorded
    this.#dropped += recording.dropped
    return {}
  }

  async #answer({ recording, forwarder }: Session, request: IncomingMessage, body: Buffer): Promise<RecorderAnswer> {
    this.#requests++
    const number = request.method === 'POST' ? recording.request(request, body) : undefined
    try {
      const answer = await forwarder.forward(request, body)
      recording.answer(number, answer.status, answer.body)
      return { ...answer, headers: { ...endToEnd(answer.headers), ...closing(answer.headers.connection) } }
    } catch (error) {
      this.#failed++
      const text = Buffer.from(`${this.#rules.target.origin} did not answer: ${(error as Error).message}\n`)
      recording.answer(number, 502, text)
      return { status: 502, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: text }
    }
  }

  #onFileEnd(why: string, cause: unknown): void {
    const { file, onError } = this.#rules
    const error = new CaptureFileError('unwritable', { file, what: why, cause })
    this.setRestriction(`${why}; nothing more is recorded`, error)
    callSafely('onError', () => onError?.(error))
  }
}

/** A server that is about to stop says so, and means its caller. */
function closing(connection: string | undefined): { Connection?: string } {
  return connection?.toLowerCase() === 'close' ? { Connection: 'close' } : {}
}
