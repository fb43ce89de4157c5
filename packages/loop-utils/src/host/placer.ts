import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { EventTable } from '../channel/engine-stream.ts'
import type { ErasedDefinition } from '../channel/erased.ts'
import type { LinkLimits, LinkOptions } from '../channel/link-limits.ts'
import type { DownMessage, UpMessage } from '../channel/protocol.ts'
import type { LaneReader, LaneWriter } from '../lane/lane.ts'

/** What a link asks its host for: one life of an engine. */
export interface PlaceRequest {
  readonly definition: ErasedDefinition
  /** Plain; the host gives the engine a copy. */
  readonly options: unknown
  readonly events: EventTable
  readonly limits: LinkLimits
  readonly observe: ObserveLevels
  /** The engine's thread is gone; called at most once, and not after `release`. */
  readonly onCrash: (exit: ThreadExit) => void
  /** A message could not be cloned after all: what goes in its place, if anything. */
  readonly onRefused: (message: DownMessage, error: unknown) => DownMessage | undefined
}

/** How an engine's thread ended. */
export interface ThreadExit {
  readonly exitCode: number
  /** The uncaught error that ended it, if one did. */
  readonly cause?: unknown
}

/** What is to be sent beside events; the level as an index into `LOG_LEVELS`, its length for none. */
export interface ObserveLevels {
  readonly logLevel: number
  readonly diagnostics: boolean
}

/** One life of an engine, as its link holds it. */
export interface Place {
  readonly up: LaneReader<UpMessage>
  readonly down: LaneWriter<DownMessage>
  /** The link is done with it. Not clean: the engine did not dispose of everything in time. */
  release(isClean: boolean): void
}

/** The part of a host that puts engines somewhere. */
export interface Placer {
  /** Bounds of links, as far as the host's owner gave them. */
  readonly link: LinkOptions
  readonly clock: Clock
  readonly random: Random
  /** Rejects when there is no place, as when a worker does not start. */
  open(request: PlaceRequest): Promise<Place>
}
