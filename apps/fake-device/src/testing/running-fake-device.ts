import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ControlClient } from '@x/testkit/control'
import type { ReadyLine } from '../cli/start-command.ts'
import { ChildOutput } from './child-output.ts'
import { FakeDeviceStartError, type ProcessExit } from './fake-device-errors.ts'

/** A fake-device server in a process of its own. */
export interface FakeDeviceProcess extends AsyncDisposable {
  /** The control API and the page. */
  readonly url: string
  readonly ccu: {
    /** Where a client of the fake CCU reaches it. */
    readonly url: string
  }
  readonly control: ControlClient
  readonly pid: number
  /** The last that the process wrote to its standard error. */
  readonly stderr: string
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProcessExit>
  /** Ends the process in order, or kills it when that takes too long. Idempotent. */
  stop(): Promise<ProcessExit>
}

const KEPT_OUTPUT = 64 * 1024

/** What ends the wait for the ready line. */
export interface ReadyLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** A child that was just spawned, until it is ready and until it has ended. */
export class RunningFakeDevice {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #stopTimeoutMs: number
  readonly #stderr: ChildOutput
  readonly #exited: Promise<ProcessExit>
  #spawnError: unknown

  constructor(child: ChildProcessWithoutNullStreams, stopTimeoutMs: number) {
    this.#child = child
    this.#stopTimeoutMs = stopTimeoutMs
    this.#stderr = new ChildOutput(child.stderr, KEPT_OUTPUT)
    child.stdin.on('error', () => undefined)
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#spawnError = error
        resolve({ code: null, signal: null })
      })
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  async ready(limits: ReadyLimits): Promise<FakeDeviceProcess> {
    const { url, ccu } = await this.#readyLine(limits)
    const stderr = this.#stderr
    const stop = (): Promise<ProcessExit> => this.stop()
    return {
      url,
      ccu,
      control: new ControlClient(url),
      pid: this.#child.pid ?? 0,
      get stderr() {
        return stderr.text
      },
      exited: this.#exited,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    }
  }

  async stop(): Promise<ProcessExit> {
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopTimeoutMs)
    const exit = await this.#exited
    clearTimeout(timer)
    return exit
  }

  async #readyLine({ timeoutMs, signal }: ReadyLimits): Promise<ReadyLine> {
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), timeoutMs)
    const signals = signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal])
    const lines = createInterface({ input: this.#child.stdout })
    try {
      const exited = this.#exited.then((exit) => Promise.reject(this.#notReady(exit)))
      const [line] = (await Promise.race([once(lines, 'line', { signal: signals }), exited])) as [string]
      return this.#parse(line)
    } catch (error) {
      signal?.throwIfAborted()
      if (!timeout.signal.aborted) throw error
      throw new FakeDeviceStartError(`was not ready within ${timeoutMs} ms`, { stderr: this.#stderr.text })
    } finally {
      clearTimeout(timer)
      lines.close()
      this.#child.stdout.resume()
    }
  }

  #parse(line: string): ReadyLine {
    try {
      const ready = JSON.parse(line) as ReadyLine
      if (ready.event === 'ready' && URL.canParse(ready.url) && URL.canParse(ready.ccu.url)) return ready
    } catch {
      // told below
    }
    throw new FakeDeviceStartError(`wrote '${line}' instead of a ready line`, { stderr: this.#stderr.text })
  }

  #notReady(exit: ProcessExit): FakeDeviceStartError {
    const cause = this.#spawnError
    const stderr = this.#stderr.text
    if (cause !== undefined) return new FakeDeviceStartError('could not be started', { stderr, cause })
    return new FakeDeviceStartError(`ended before it was ready (code ${exit.code}, signal ${exit.signal})`, {
      exit,
      stderr,
    })
  }
}
