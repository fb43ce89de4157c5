import type {
  EngineContract,
  EngineDefinition,
  EngineHost,
  EngineLink,
  FacadeHandlers,
  Plain,
} from '../channel/contract.ts'
import { EngineEnd } from '../channel/engine-end.ts'
import { linkLimits, type LinkOptions } from '../channel/link-limits.ts'
import type { DownMessage, UpMessage } from '../channel/protocol.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { seeded } from '../clock/seeded.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkInteger, checkOneOf } from '../errors/option-checks.ts'
import { cloneAndFreeze } from '../lane/clone-and-freeze.ts'
import { createMemoryLane } from '../lane/memory-lane.ts'
import { KeepAlive } from './keep-alive.ts'
import { LinkGroup } from './link-group.ts'
import type { Place, PlaceRequest, Placer } from './placer.ts'
import { restartPolicy } from './restart-policy.ts'

/** How a {@link LoopHost} works. */
export interface LoopHostOptions {
  /** Bounds of each link. */
  readonly link?: LinkOptions
  /**
   * `none` (default) hands messages over as they are; `clone-and-freeze` gives the other end a frozen structured clone,
   * so that a test on one loop meets what a thread would show.
   */
  readonly copy?: 'none' | 'clone-and-freeze'
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: `Math.random`, or what `seed` gives. */
  readonly random?: Random
  /** Makes the engines' random numbers repeatable; each engine starts from it. Default: unpredictable numbers. */
  readonly seed?: number
}

/**
 * Places engines on the owner's loop. A placed engine keeps the process alive until its link is closed, in both modes.
 *
 * An error that escapes an engine's own background work (a rejected promise that nobody awaits, a throwing timer) is an
 * uncaught error of this loop, as with any other code on it.
 */
export class LoopHost implements EngineHost {
  readonly mode = 'loop'
  readonly #links: LinkGroup

  /** @throws OptionError */
  constructor(options: LoopHostOptions = {}) {
    this.#links = new LinkGroup(new LoopPlacer(options), restartPolicy({ maxRestarts: 0 }))
  }

  place<C extends EngineContract, O>(
    definition: EngineDefinition<C, O>,
    options: Plain<O>,
    handlers: FacadeHandlers<C>,
  ): Promise<EngineLink<C>> {
    return this.#links.place(definition, options, handlers)
  }

  /** Closes every link with its defaults; afterwards `place` rejects. */
  close(): Promise<void> {
    return this.#links.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class LoopPlacer implements Placer {
  readonly link: LinkOptions
  readonly clock: Clock
  readonly random: Random
  readonly #copy: 'none' | 'clone-and-freeze'
  readonly #seed: number | undefined
  readonly #keepAlive = new KeepAlive()

  constructor({ clock = systemClock, copy = 'none', link = {}, random = Math.random, seed }: LoopHostOptions) {
    linkLimits(link)
    this.link = link
    this.clock = clock
    this.random = random
    this.#seed = seed === undefined ? undefined : checkInteger('seed', seed)
    this.#copy = checkOneOf('copy', copy, ['none', 'clone-and-freeze'])
  }

  async open({ definition, events, limits, observe, options }: PlaceRequest): Promise<Place> {
    const { clock } = this
    const random = this.#seed === undefined ? this.random : seeded(this.#seed)
    const lane = { ...limits, copy: this.#copy }
    const up = createMemoryLane<UpMessage>(lane)
    const down = createMemoryLane<DownMessage>(lane)
    const own = this.#copy === 'none' ? structuredClone(options) : cloneAndFreeze(options, undefined)
    const engine = new EngineEnd({
      definition,
      options: own,
      events,
      up: up.writer,
      down: down.reader,
      limits,
      observe,
      clock,
      random,
    })
    engine.start()
    this.#keepAlive.hold()
    return { up: up.reader, down: down.writer, release: () => this.#keepAlive.release() }
  }
}
