import { EventEmitter, getEventListeners } from 'node:events'
import { OptionError } from '@x/loop-utils/errors'
import type { Leak } from './leak.ts'

/** Whose listeners can be counted. */
export type ListenerTarget = EventEmitter | AbortSignal

/** Counts the listeners of chosen targets, and of `process`, against what they had when they were added. */
export class ListenerCensus {
  readonly #before = new Map<ListenerTarget, ReadonlyMap<string | symbol, number>>()

  constructor(targets: readonly ListenerTarget[]) {
    for (const target of [process, ...targets]) this.add(target)
  }

  add(target: ListenerTarget): void {
    if (!(target instanceof EventEmitter) && !(target instanceof AbortSignal)) {
      throw new OptionError('targets', target, 'an EventEmitter or an AbortSignal')
    }
    if (!this.#before.has(target)) this.#before.set(target, count(target))
  }

  survivors(): readonly Leak[] {
    const leaks: Leak[] = []
    for (const [target, before] of this.#before) {
      for (const [event, now] of count(target)) {
        const more = now - (before.get(event) ?? 0)
        if (more > 0) leaks.push({ kind: 'listener', what: describe(target, event, more), createdAt: [] })
      }
    }
    return leaks
  }
}

function count(target: ListenerTarget): ReadonlyMap<string | symbol, number> {
  if (target instanceof AbortSignal) return new Map([['abort', getEventListeners(target, 'abort').length]])
  return new Map(target.eventNames().map((event) => [event, target.listenerCount(event)]))
}

function describe(target: ListenerTarget, event: string | symbol, more: number): string {
  const name = target === process ? 'process' : target.constructor.name
  return `${more} more for '${String(event)}' on ${name}`
}
