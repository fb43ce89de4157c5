import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkFunction, checkInteger, checkObject } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { OnEvent } from '../observe/observer.ts'
import { checkAnswer } from '../observe/predicate-answer.ts'
import { callReporting, callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { subscribeToChannels } from './channel-subscription.ts'
import { CHANNEL_NAMES } from './channels.ts'
import { JsonView, type ViewBounds } from './json-view.ts'
import { SECRET_KEYS, secretTest, type SecretTest } from './secret-keys.ts'

/** What a log of events shows, and how much of it. */
export interface JsonLogSinkOptions {
  /** Put into each line, of which they take half at most, such as `{ service: 'hub' }`; read once. Default: nothing. */
  readonly fields?: Readonly<Record<string, unknown>>
  /**
   * Ends of the names of keys whose values are not shown, beside {@link SECRET_KEYS}; `token` covers `access_token`.
   * Names of up to four letters count only alone. Names and passwords in addresses are never shown.
   */
  readonly redact?: readonly string[]
  /** Which events are written. Default: all. */
  readonly when?: (name: string, data: Readonly<Record<string, unknown>>) => boolean
  /** How many lines a second are written; further events are counted, and a line tells their number. Default 1000. */
  readonly maxLinesPerSecond?: number
  /** The longest line, in UTF-16 units; of a longer event only the name is written. Default 16 384. */
  readonly maxLineLength?: number
  /** How deep objects are followed. Default 6. */
  readonly maxDepth?: number
  /** How many entries of one object or list are shown. Default 50. */
  readonly maxEntries?: number
  /** How many UTF-16 units of one text are shown. Default 2000. */
  readonly maxTextLength?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/** What a sink did so far. */
export interface JsonLogSinkStats {
  readonly written: number
  /** Events beyond `maxLinesPerSecond`, and those that `write` itself gave rise to. */
  readonly dropped: number
  /** Lines of which only the name was written. */
  readonly shortened: number
  /** Lines that `write` threw at. */
  readonly failed: number
}

/** Writes events as lines of JSON. */
export interface JsonLogSink extends Disposable {
  /** The option `onEvent` of whatever is to be logged. */
  readonly onEvent: OnEvent
  /**
   * Logs what is published on diagnostics channels, until what it returns, or the sink, is disposed of. An event comes
   * twice when it is also given to `onEvent`.
   *
   * @param names default: all events of this package
   */
  subscribe(names?: Iterable<string>): Disposable
  stats(): JsonLogSinkStats
}

/** How many values of one event are shown. */
const MAX_VALUES = 1000

/**
 * A sink that writes each event as one line of JSON: `{"time":"2026-01-31T12:00:00.000Z","event":"x:…","data":{…}}`.
 *
 * Values under the names of secrets are left out, all sizes are bounded, and no value can make it throw: errors are shown
 * with their causes, bytes by their number, circles as such.
 *
 * @param write takes one line, its end included; what it throws becomes a warning of the process
 * @throws OptionError when an option is out of range
 * @example
 * using sink = jsonLogSink((line) => process.stdout.write(line), { fields: { service: 'hub' } })
 * sink.subscribe()
 */
export function jsonLogSink(write: (line: string) => unknown, options: JsonLogSinkOptions = {}): JsonLogSink {
  return new LineSink(checkFunction('write', write), options)
}

const isKnownSecret = secretTest(SECRET_KEYS)

function boundsOf({ maxDepth = 6, maxEntries = 50, maxTextLength = 2000 }: JsonLogSinkOptions): ViewBounds {
  return {
    maxDepth: checkInteger('maxDepth', maxDepth, { min: 1, max: 100 }),
    maxEntries: checkInteger('maxEntries', maxEntries, { min: 1 }),
    maxTextLength: checkInteger('maxTextLength', maxTextLength, { min: 16 }),
    maxValues: MAX_VALUES,
  }
}

class LineSink implements JsonLogSink {
  readonly onEvent: OnEvent = (name, data) => this.#take(name, data)
  readonly #write: (line: string) => unknown
  readonly #when: JsonLogSinkOptions['when']
  readonly #clock: Clock
  readonly #bounds: ViewBounds
  readonly #isSecret: SecretTest
  readonly #maxLineLength: number
  readonly #maxLinesPerSecond: number
  /** The start of each line behind its time. */
  readonly #fields: string
  readonly #subscriptions = new Set<Disposable>()
  readonly #counts = { written: 0, dropped: 0, shortened: 0, failed: 0 }
  #isWriting = false
  #secondEndsAt = -Infinity
  #linesInSecond = 0
  #droppedInSecond = 0

  constructor(write: (line: string) => unknown, options: JsonLogSinkOptions) {
    const {
      when,
      maxLineLength = 16_384,
      maxLinesPerSecond = 1000,
      redact = [],
      clock = systemClock,
    } = checkObject(options)
    this.#write = write
    this.#when = when === undefined ? undefined : checkFunction('when', when)
    this.#clock = checkClock(clock, ['now', 'wall'])
    this.#bounds = boundsOf(options)
    this.#maxLineLength = checkInteger('maxLineLength', maxLineLength, { min: 256 })
    this.#maxLinesPerSecond = checkInteger('maxLinesPerSecond', maxLinesPerSecond, { min: 1 })
    const isSecret = secretTest(redact)
    this.#isSecret = (key) => isKnownSecret(key) || isSecret(key)
    this.#fields = this.#startOf(options.fields)
  }

  subscribe(names: Iterable<string> = CHANNEL_NAMES): Disposable {
    const channels = subscribeToChannels(names, this.onEvent)
    const subscription = {
      [Symbol.dispose]: () => {
        if (this.#subscriptions.delete(subscription)) channels[Symbol.dispose]()
      },
    }
    this.#subscriptions.add(subscription)
    return subscription
  }

  stats(): JsonLogSinkStats {
    return { ...this.#counts }
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
  }

  #startOf(fields: JsonLogSinkOptions['fields'] = {}): string {
    if (typeof fields !== 'object' || fields === null) throw new OptionError('fields', fields, 'an object')
    const inner = JSON.stringify(this.#view({ ...fields })).slice(1, -1)
    if (inner.length > this.#maxLineLength / 2) {
      throw new OptionError('fields', fields, `fields that take no more than half of a line of ${this.#maxLineLength}`)
    }
    return inner === '' ? '' : `${inner},`
  }

  /** Never throws: a channel's subscriber that does would end the process. */
  #take(name: string, data: Readonly<Record<string, unknown>>): void {
    if (this.#isWriting) {
      this.#counts.dropped++
      return
    }
    this.#isWriting = true
    try {
      callSafely('jsonLogSink', () => {
        if (this.#when !== undefined && !checkAnswer('when', this.#when(name, data))) return
        if (this.#admit()) this.#put(name, data)
      })
    } finally {
      this.#isWriting = false
    }
  }

  #admit(): boolean {
    const now = this.#clock.now()
    if (now >= this.#secondEndsAt) {
      const dropped = this.#droppedInSecond
      this.#secondEndsAt = now + 1000
      this.#linesInSecond = 0
      this.#droppedInSecond = 0
      if (dropped > 0) this.#put('x:loop-utils:json-log:drop', { dropped })
      // with one line a second, numbers alone would be written for ever
      if (this.#linesInSecond >= this.#maxLinesPerSecond) this.#linesInSecond = 0
    }
    if (this.#linesInSecond < this.#maxLinesPerSecond) return true
    this.#droppedInSecond++
    this.#counts.dropped++
    return false
  }

  #put(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#linesInSecond++
    const line = this.#lineOf(name, data)
    const write = (): unknown => {
      const result = this.#write(line)
      this.#counts.written++
      return result
    }
    callReporting(write, (error) => {
      this.#counts.failed++
      warnOfStrayError(error, 'write')
    })
  }

  #lineOf(name: string, data: Readonly<Record<string, unknown>>): string {
    const time = JSON.stringify(new Date(this.#clock.wall()).toISOString())
    const start = `{"time":${time},${this.#fields}"event":${JSON.stringify(name.slice(0, 200))}`
    const line = `${start},"data":${JSON.stringify(this.#view(data))}}\n`
    if (line.length <= this.#maxLineLength) return line
    this.#counts.shortened++
    return `${start},"tooLong":${line.length}}\n`
  }

  #view(value: unknown): unknown {
    return new JsonView(this.#bounds, this.#isSecret).of(value)
  }
}
