import { LOG_LEVELS } from '../log/log-level.ts'
import type { LogLevel } from '../log/logger.ts'
import type { LaneWriter } from '../lane/lane.ts'
import { writeIfOpen } from '../lane/write-if-open.ts'
import { asPlain } from './as-plain.ts'
import type { DeliveryClass, EmitOptions } from './contract.ts'
import { toCrossingFields } from './crossing-fields.ts'
import { LatestEvents } from './latest-events.ts'
import { ContractError } from './link-errors.ts'
import { movable } from './movable.ts'
import { OBSERVATIONS, Up, type UpMessage } from './protocol.ts'

/** The names that both ends know their events by: the position in `names` crosses. */
export interface EventTable {
  readonly engine: string
  readonly names: readonly string[]
  readonly delivery: Readonly<Record<string, DeliveryClass>>
}

/** The engine's writing half of the one ordered stream, with the delivery class of each event. */
export class EngineStream {
  readonly #lane: LaneWriter<UpMessage>
  readonly #highWaterMark: number
  readonly #engine: string
  readonly #events = new Map<string, { readonly index: number; readonly delivery: DeliveryClass }>()
  readonly #latest: LatestEvents
  /** Counts not yet told, by event index. */
  readonly #drops = new Map<number, number>()
  /** Index of the lowest admitted log level. */
  #logLevel: number = LOG_LEVELS.length
  #diagnostics = false

  constructor(lane: LaneWriter<UpMessage>, table: EventTable, highWaterMark: number) {
    this.#lane = lane
    this.#highWaterMark = highWaterMark
    this.#engine = table.engine
    for (const [index, name] of table.names.entries()) {
      this.#events.set(name, { index, delivery: table.delivery[name] ?? 'lossless' })
    }
    this.#latest = new LatestEvents(({ event, id }, { data, transfer }) => {
      this.#put([Up.latest, event, data, id], transfer)
    })
  }

  get isWritable(): boolean {
    return this.#lane.isOpen && this.#lane.depth + this.#latest.staged < this.#highWaterMark
  }

  get isObserved(): boolean {
    return this.#diagnostics
  }

  emit(event: string, data: unknown, options: EmitOptions | undefined): boolean {
    const known = this.#events.get(event)
    if (known === undefined) throw new ContractError(`event '${event}'`, `engine '${this.#engine}'`)
    if (!this.#lane.isOpen) return false
    switch (known.delivery) {
      case 'lossless':
        return this.send([Up.event, known.index, asPlain(data, event)], options?.transfer)
      case 'lossy':
        if (!this.isWritable) {
          this.#drop(known.index)
          return false
        }
        this.send([Up.event, known.index, asPlain(data, event)], options?.transfer)
        return true
      case 'latest':
        this.#latest.put(known.index, options?.key ?? '', {
          data: asPlain(data, event),
          transfer: options?.transfer,
        })
    }
    return this.isWritable
  }

  /** Appends a message behind everything emitted so far, whatever the depth; false at the high-water mark. */
  send(message: UpMessage, transfer?: readonly ArrayBuffer[]): boolean {
    if (!this.#lane.isOpen) return false
    if (this.#latest.staged > 0) this.#latest.release()
    if (this.#drops.size > 0) this.#tellDrops()
    return this.#put(message, transfer)
  }

  log(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void {
    const index = LOG_LEVELS.indexOf(level)
    if (index >= this.#logLevel) this.#observation(() => [Up.log, index, toCrossingFields(fields), message])
  }

  diagnose(name: string, data: Readonly<Record<string, unknown>>): void {
    if (this.#diagnostics) this.#observation(() => [Up.diagnostic, name, toCrossingFields(data)])
  }

  observe(logLevel: number, diagnostics: boolean): void {
    this.#logLevel = logLevel
    this.#diagnostics = diagnostics
  }

  /** The facade delivered a `latest` event. */
  taken(slot: number): void {
    this.#latest.taken(slot)
  }

  writable(signal: AbortSignal | undefined): Promise<void> {
    return this.#lane.writable(signal)
  }

  commit(): void {
    if (!this.#lane.isOpen) return
    this.#latest.release()
    this.#lane.commit()
  }

  close(): void {
    if (!this.#lane.isOpen) return
    this.#latest.release()
    this.#tellDrops()
    this.#lane.close()
  }

  #put(message: UpMessage, transfer: readonly ArrayBuffer[] | undefined): boolean {
    return writeIfOpen(this.#lane, message, transfer === undefined ? undefined : movable(transfer))
  }

  #observation(build: () => UpMessage): void {
    if (this.isWritable) this.send(build())
    else if (this.#lane.isOpen) this.#drop(OBSERVATIONS)
  }

  #drop(event: number): void {
    if (this.#drops.size === 0) this.#tellDropsWhenWritable()
    this.#drops.set(event, (this.#drops.get(event) ?? 0) + 1)
  }

  #tellDropsWhenWritable(): void {
    this.#lane.writable().then(
      () => this.#tellDrops(),
      () => undefined, // the lane closed: whoever closed it has told them
    )
  }

  #tellDrops(): void {
    const drops = [...this.#drops]
    this.#drops.clear()
    for (const [event, count] of drops) this.#put([Up.dropped, event, count], undefined)
  }
}
