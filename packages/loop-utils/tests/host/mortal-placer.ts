import { constant } from '../../src/backoff/index.ts'
import type { EngineLink, FacadeHandlers, LinkState } from '../../src/channel/index.ts'
import { EngineEnd } from '../../src/channel/engine-end.ts'
import type { DownMessage, UpMessage } from '../../src/channel/protocol.ts'
import { type Clock, ManualClock, systemClock } from '../../src/clock/index.ts'
import { LinkGroup } from '../../src/host/link-group.ts'
import type { Place, Placer, PlaceRequest } from '../../src/host/placer.ts'
import { type RestartOptions, restartPolicy } from '../../src/host/restart-policy.ts'
import { createMemoryLane, type LaneEnds } from '../../src/lane/index.ts'
import type { ConformanceContract, ConformanceOptions } from '../../src/testing/conformance/conformance-contract.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { quietHandlers } from './quiet-handlers.ts'

/**
 * Places engines on this loop, each on a pretended thread that the test can end: the lanes are real, and drop what was
 * not committed.
 */
export class MortalPlacer implements Placer {
  readonly link = {}
  readonly clock: Clock
  readonly random = (): number => 0
  readonly lives: { up: LaneEnds<UpMessage>; request: PlaceRequest; released: boolean[] }[] = []
  /** Whether the thread comes so far as to make its engine. */
  makesEngines = true
  /** Called when a place is asked for, before there is one. */
  onOpen: (request: PlaceRequest, life: number) => void | Promise<void> = () => undefined

  constructor(clock: Clock = systemClock) {
    this.clock = clock
  }

  async open(request: PlaceRequest): Promise<Place> {
    const { definition, events, limits, observe, options } = request
    const life = this.lives.length
    await this.onOpen(request, life)
    const up = createMemoryLane<UpMessage>(limits)
    const down = createMemoryLane<DownMessage>(limits)
    const { clock, random } = this
    const engine = new EngineEnd({
      definition,
      options,
      events,
      observe,
      up: up.writer,
      down: down.reader,
      limits,
      clock,
      random,
    })
    if (this.makesEngines) engine.start()
    const released: boolean[] = []
    this.lives.push({ up, request, released })
    return { up: up.reader, down: down.writer, release: (isClean) => released.push(isClean) }
  }

  /** The lane may see the death first, or the host. */
  kill(life: number, first: 'lane' | 'host' = 'host'): void {
    const { request, up } = this.lives[life] ?? failed()
    if (first === 'lane') up.reader.writerDied()
    const tell = (): void => request.onCrash({ exitCode: 9 })
    if (first === 'lane') setTimeout(tell, 5)
    else tell()
  }
}

function failed(): never {
  throw new Error('there is no such life')
}

/** Places an engine, and notes what its link tells of its state. */
export async function placeOn(
  placer: MortalPlacer,
  handlers: Partial<FacadeHandlers<ConformanceContract>> = {},
  restart: RestartOptions = {},
  options: ConformanceOptions = {},
): Promise<{ group: LinkGroup; link: EngineLink<ConformanceContract>; states: LinkState[] }> {
  const group = new LinkGroup(placer, restartPolicy(restart))
  const states: LinkState[] = []
  const link = await group.place(conformanceEngine, options, {
    ...quietHandlers,
    onState: (state) => states.push(state),
    ...handlers,
  })
  return { group, link, states }
}

/** Restarts without a delay. */
export const AT_ONCE = constant(0)

/** A placer by a clock of the test's. */
export function open(): { clock: ManualClock; placer: MortalPlacer } {
  const clock = new ManualClock()
  return { clock, placer: new MortalPlacer(clock) }
}

/** Gives what is under way on this loop time to come to an end. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Lets pass what has no length, until `isTrue`. */
export async function atOnce(clock: ManualClock, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await clock.advance(0)
    await turns()
  }
}
