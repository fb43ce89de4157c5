import { ModeOptionError } from '../errors/mode-option-error.ts'
import { checkOneOf } from '../errors/option-checks.ts'
import type { EngineHost } from '../channel/contract.ts'
import { LoopHost, type LoopHostOptions } from './loop-host.ts'
import { ThreadHost, type ThreadHostOptions } from './thread-host.ts'

/** Options of both kinds of host; each takes those it knows. */
export interface OpenHostOptions extends LoopHostOptions, ThreadHostOptions {
  /** Default `'loop'`. */
  readonly mode?: 'loop' | 'thread'
}

/**
 * Makes the host of a mode, for services that have the option.
 *
 * @throws OptionError
 * @throws ModeOptionError for a clock or random source together with `mode: 'thread'`
 */
export function openHost(options: OpenHostOptions): EngineHost {
  const { clock, mode = 'loop', random } = options
  if (checkOneOf('mode', mode, ['loop', 'thread']) === 'loop') return new LoopHost(options)
  if (clock !== undefined) throw new ModeOptionError('clock')
  if (random !== undefined) throw new ModeOptionError('random', 'give a seed instead')
  return new ThreadHost(options)
}
