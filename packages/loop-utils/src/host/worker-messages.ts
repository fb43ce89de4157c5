import type { EventTable } from '../channel/engine-stream.ts'
import type { LinkLimits } from '../channel/link-limits.ts'
import type { LaneReaderHandle, LaneWriterHandle } from '../lane/port-lane.ts'
import type { ObserveLevels } from './placer.ts'

/** Asks a worker to make an engine. What becomes of it is told through the lanes. */
export interface PlaceMessage {
  readonly type: 'x:place'
  readonly engine: string
  readonly options: unknown
  readonly events: EventTable
  readonly observe: ObserveLevels
  readonly limits: LinkLimits
  /** Of the engine's random numbers; undefined for unpredictable ones. */
  readonly seed: number | undefined
  readonly up: LaneWriterHandle
  readonly down: LaneReaderHandle
}

/** Asks a worker to dispose of its engines and to end. */
export interface CloseMessage {
  readonly type: 'x:close'
}

/** What a host sends to its worker. */
export type HostMessage = PlaceMessage | CloseMessage

/** Whether a message is of the host; who has made the worker may send others. */
export function isHostMessage(message: unknown): message is HostMessage {
  const type = typeOf(message)
  return type === 'x:place' || type === 'x:close'
}

/** What a worker sends to its host, once: it takes engines. */
export interface ReadyMessage {
  readonly type: 'x:ready'
}

/** Whether a message is the worker's word that it takes engines; an entry may send others. */
export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeOf(message) === 'x:ready'
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined
}
