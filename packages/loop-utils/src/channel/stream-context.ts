import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { LogLevel } from '../log/logger.ts'
import type { AskOptions, EmitOptions } from './contract.ts'
import type { EngineStream } from './engine-stream.ts'
import type { Requests } from './requests.ts'

/** What a {@link StreamContext} gives to its engine. */
export interface StreamContextParts {
  readonly stream: EngineStream
  readonly questions: Requests
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: Random
}

/** The context of an engine whose stream is a lane. After the end of the stream it does nothing and says so. */
export class StreamContext {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly #stream: EngineStream
  readonly #questions: Requests

  constructor({ clock, questions, random, signal, stream }: StreamContextParts) {
    this.clock = clock
    this.random = random
    this.signal = signal
    this.#stream = stream
    this.#questions = questions
  }

  get isWritable(): boolean {
    return this.#stream.isWritable
  }

  get isObserved(): boolean {
    return this.#stream.isObserved
  }

  emit(event: string, data: unknown, options?: EmitOptions): boolean {
    return this.#stream.emit(event, data, options)
  }

  writable(signal?: AbortSignal): Promise<void> {
    return this.#stream.writable(signal)
  }

  commit(): void {
    this.#stream.commit()
  }

  ask(question: string, input: unknown, options?: AskOptions): Promise<unknown> {
    return this.#questions.request(question, input, options)
  }

  log(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#stream.log(level, fields, message)
  }

  diagnose(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#stream.diagnose(name, data)
  }
}
