import { channel, type Channel } from 'node:diagnostics_channel'
import { OptionError } from '../errors/option-error.ts'
import type { Observer } from './observer.ts'
import { callSafely } from './stray-error.ts'

const NAME = /^x:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+$/

/**
 * One thing that can be observed, by `onEvent` and by `node:diagnostics_channel` under the same name. Nothing is built
 * or called when nobody observes: ask {@link isObserved} first.
 *
 * @example
 * const opened = new ObservationPoint('x:mqtt-gateway:link:up')
 * if (opened.isObserved(options)) opened.publish({ host, attempts }, options)
 */
export class ObservationPoint {
  readonly name: string
  // node forgets a channel that nobody holds, and its subscribers with it
  readonly #channel: Channel

  /** @throws OptionError when `name` is not of the form `x:<package>:<thing>:<verb>` */
  constructor(name: string) {
    if (!NAME.test(name)) throw new OptionError('name', name, 'x:<package>:<thing>:<verb> in lower case')
    this.name = name
    this.#channel = channel(name)
  }

  /** Whether somebody would notice {@link publish}. */
  isObserved(observer?: Observer): boolean {
    return this.#channel.hasSubscribers || observer?.onEvent !== undefined
  }

  /** Tells subscribers of the channel, and `observer`. */
  publish(data: Readonly<Record<string, unknown>>, observer?: Observer): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(data)
    const onEvent = observer?.onEvent
    if (onEvent !== undefined) callSafely('onEvent', () => onEvent(this.name, data))
  }
}
