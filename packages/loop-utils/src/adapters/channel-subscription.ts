import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { checkText } from '../errors/option-checks.ts'
import type { OnEvent } from '../observe/observer.ts'

/**
 * Calls `onEvent` for everything that is published on diagnostics channels with these names, by whatever part of the
 * process, until what it returns is disposed of. It must not throw: node would end the process.
 *
 * @throws OptionError when a name is not a string
 */
export function subscribeToChannels(names: Iterable<string>, onEvent: OnEvent): Disposable {
  const wanted = new Set(names)
  for (const name of wanted) checkText('names', name)
  const listener = (message: unknown, name: string | symbol): void => onEvent(String(name), dataOf(message))
  for (const name of wanted) subscribe(name, listener)
  return {
    [Symbol.dispose]: () => {
      for (const name of wanted) unsubscribe(name, listener)
    },
  }
}

/** Other packages' channels may carry anything. */
function dataOf(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : { message }
}
