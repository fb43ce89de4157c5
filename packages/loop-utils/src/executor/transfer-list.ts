import { MessagePort } from 'node:worker_threads'
import { OptionError } from '../errors/option-error.ts'

/** What can be moved to another thread. */
export type ExecutorTransfer = ArrayBuffer | MessagePort

/**
 * Returns a list of what is to be moved. A buffer that was moved before has to be found here: its message would be
 * posted and get lost on the way.
 *
 * @throws OptionError naming the member
 */
export function checkTransfer(option: string, list: unknown): readonly ExecutorTransfer[] {
  if (!Array.isArray(list)) throw new OptionError(option, list, 'an array')
  for (const [index, item] of list.entries()) {
    const isPort = item instanceof MessagePort
    if (isPort || (item instanceof ArrayBuffer && !isDetached(item))) continue
    throw new OptionError(`${option}[${index}]`, item, 'an ArrayBuffer that was not moved before, or a MessagePort')
  }
  return list as readonly ExecutorTransfer[]
}

function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false
  try {
    return new Uint8Array(buffer).byteLength > 0
  } catch {
    return true
  }
}
