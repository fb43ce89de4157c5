import type { Clock } from '@x/loop-utils/clock'
import { checkDuration } from '@x/loop-utils/errors'
import type { RpcHttpServer } from './rpc/rpc-http-server.ts'

/** Whether a fake CCU can be reached: not at all, over a reboot not yet, to be told to wait (503), or yes. */
export type CcuState = 'stopped' | 'down' | 'starting' | 'ready'

/** How long the parts of a reboot take. */
export interface RebootOptions {
  /** How long connections are refused, in milliseconds. Default 0. */
  readonly downMs?: number
  /** How long calls are answered with 503 after that, in milliseconds. Default 0. */
  readonly startingMs?: number
}

/** What is switched on and off. */
export interface PowerContext {
  readonly server: RpcHttpServer
  readonly clock: Clock
  /** The port asked for. */
  readonly port: number
  readonly startingMs: number
  /** Everything in memory is lost. */
  readonly onDown: () => void
  readonly onState: (state: CcuState) => void
}

const MAX_MS = 2 ** 31 - 1

/** Starts, stops and reboots a fake CCU; the port stays the same. */
export class Power {
  readonly #context: PowerContext
  #port: number
  #state: CcuState = 'stopped'
  #abort = new AbortController()
  #work: Promise<void> = Promise.resolve()

  constructor(context: PowerContext) {
    this.#context = context
    this.#port = context.port
  }

  get state(): CcuState {
    return this.#state
  }

  /** The port it listens on; before the first start the asked one. */
  get port(): number {
    return this.#context.server.port ?? this.#port
  }

  /** Resolves once it listens; it may be starting for a while after that. @throws CcuListenError */
  async start(): Promise<void> {
    this.#abort = new AbortController()
    const { signal } = this.#abort
    await this.#listen(this.#context.startingMs, signal)
    this.#work = this.#warmUp(this.#context.startingMs, signal)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#enter('stopped')
    this.#context.onDown()
    await this.#work.catch(() => undefined)
    await this.#context.server.close()
  }

  /** Resolves when it is ready again, or was stopped meanwhile. @throws CcuListenError, OptionError */
  async reboot(options: RebootOptions): Promise<void> {
    const downMs = checkDuration('downMs', options.downMs ?? 0, { max: MAX_MS })
    const startingMs = checkDuration('startingMs', options.startingMs ?? 0, { max: MAX_MS })
    // a reboot in the middle of one begins it anew
    this.#abort.abort()
    this.#abort = new AbortController()
    const { signal } = this.#abort
    this.#enter('down')
    this.#context.onDown()
    const before = this.#work.catch(() => undefined)
    this.#work = before.then(() => this.#cycle({ downMs, startingMs }, signal))
    await this.#work
  }

  async #cycle({ downMs, startingMs }: Required<RebootOptions>, signal: AbortSignal): Promise<void> {
    await this.#context.server.close()
    if (!(await this.#sleep(downMs, signal))) return
    await this.#listen(startingMs, signal)
    await this.#warmUp(startingMs, signal)
  }

  async #listen(startingMs: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#context.server.listen(this.#port)
    } catch (error) {
      this.#enter('stopped')
      throw error
    }
    this.#port = this.port
    if (!signal.aborted) this.#enter(startingMs > 0 ? 'starting' : 'ready')
  }

  async #warmUp(startingMs: number, signal: AbortSignal): Promise<void> {
    if (startingMs > 0 && (await this.#sleep(startingMs, signal))) this.#enter('ready')
  }

  /** False when it was cut short. */
  async #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    if (ms > 0) await this.#context.clock.sleep(ms, signal).catch(() => undefined)
    return !signal.aborted
  }

  #enter(state: CcuState): void {
    if (this.#state === state) return
    this.#state = state
    this.#context.onState(state)
  }
}
