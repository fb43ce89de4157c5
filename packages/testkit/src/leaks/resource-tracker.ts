import { createHook, type AsyncHook } from 'node:async_hooks'
import { captureSite, readSite, type CreationSite } from './creation-site.ts'
import type { Leak } from './leak.ts'
import { FOLLOWED_RESOURCES, isReferenced, RESOURCE_KINDS, type Resource, type ResourceKind } from './resource-kinds.ts'

interface Tracked {
  readonly kind: ResourceKind
  readonly resource: Resource
  readonly site: Error
}

const FIRST_SWEEP = 1024

/**
 * Follows the resources that are made on this thread while it is on. Those that are gone are swept out as their number
 * grows, so that a long run holds only what lives.
 */
export class ResourceTracker {
  readonly #hook: AsyncHook
  readonly #countsBefore: ReadonlyMap<string, number>
  #tracked: Tracked[] = []
  #sweepAt = FIRST_SWEEP
  #isPaused = false

  constructor() {
    this.#countsBefore = countActive()
    this.#hook = createHook({
      init: (...[, type, , resource]) => this.#note(type, resource as Resource),
    })
    this.#hook.enable()
  }

  /** Runs `action` without following what it makes. */
  withoutTracking<T>(action: () => T): T {
    this.#isPaused = true
    try {
      return action()
    } finally {
      this.#isPaused = false
    }
  }

  /** What lives now. */
  survivors(): readonly Leak[] {
    this.#sweep()
    const followed = this.#tracked.flatMap((tracked) => {
      const site = readSite(tracked.site)
      return counts(tracked, site) ? [toLeak(tracked, site)] : []
    })
    return [...followed, ...this.#unfollowed()]
  }

  stop(): void {
    this.#hook.disable()
    this.#tracked = []
  }

  #note(type: string, resource: Resource): void {
    const kind = RESOURCE_KINDS.get(type)
    if (kind === undefined || this.#isPaused) return
    if (this.#tracked.length >= this.#sweepAt) this.#sweep()
    this.#tracked.push({ kind, resource, site: captureSite() })
  }

  #sweep(): void {
    this.#tracked = this.#tracked.filter(({ kind, resource }) => kind.isAlive(resource))
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#tracked.length * 2)
  }

  /** Kinds that are only counted: lookups, file operations and whatever else keeps the process alive. */
  #unfollowed(): readonly Leak[] {
    const leaks: Leak[] = []
    for (const [type, count] of countActive()) {
      const more = count - (this.#countsBefore.get(type) ?? 0)
      if (more > 0) leaks.push({ kind: 'other', what: `${more} more of ${type}`, createdAt: [] })
    }
    return leaks
  }
}

function counts({ kind, resource }: Tracked, site: CreationSite): boolean {
  if (site.isRunner) return false
  return kind.isOftenInternal !== true || !site.isInternal || isReferenced(resource)
}

function toLeak({ kind, resource }: Tracked, site: CreationSite): Leak {
  return { kind: kind.kind, what: kind.describe(resource), createdAt: site.frames }
}

function countActive(): ReadonlyMap<string, number> {
  const counted = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) {
    if (!FOLLOWED_RESOURCES.has(type)) counted.set(type, (counted.get(type) ?? 0) + 1)
  }
  return counted
}
