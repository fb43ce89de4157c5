import type { EventArguments, TypedEmitter } from '../events/typed-emitter.ts'
import { EventStream, type StreamOptions } from './event-stream.ts'

/**
 * A stream of the first arguments of an event. It listens from now on, not only when it is iterated over, and until
 * it ends; however slow its consumer is, other listeners are not slowed unless it is `exclusive`.
 *
 * @throws OptionError when an option is out of range
 */
export function streamOf<E extends EventArguments<E>, K extends keyof E & string>(
  emitter: TypedEmitter<E>,
  event: K,
  options: StreamOptions = {},
): EventStream<E[K][0]> {
  const onEnd = (): void => void emitter.off(event, take)
  const stream = new EventStream<E[K][0]>({ name: `stream of '${event}'`, onEnd }, options)
  if (stream.isOpen) emitter.on(event, take)
  return stream

  function take(...args: E[K]): void {
    stream.push(args[0])
  }
}
