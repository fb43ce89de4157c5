import { checkBoolean, checkOneOf, ModeOptionError, OptionError } from '@x/loop-utils/errors'
import { FallbackFailedError } from '@x/loop-utils/fallback'
import { callSafely } from '@x/loop-utils/observe'
import { BindError } from '../engine/bind-error.ts'
import { createAsyncXmlRpcServer } from './create-server.ts'
import { ServerConflictError } from './server-conflict-error.ts'
import type { XmlRpcServerOptions } from './server-options.ts'
import type { XmlRpcServerLease } from './xml-rpc-server-lease.ts'

/** The name of the optional setting that asks for the server on the owner's loop. */
export const ASYNC_RPC_SERVER = 'async_rpc_server'

/** Options of the factory: those of the server, and which implementation to take. */
export interface RpcServerFactoryOptions extends XmlRpcServerOptions {
  /** `true` for mode `'loop'`, `false` for `'thread'`. Default: as `mode` or `optionalSettings` say. */
  readonly useAsync?: boolean
  /** A list of settings by name: mode `'loop'` if `'async_rpc_server'` is among them, else `'thread'`. */
  readonly optionalSettings?: readonly string[]
  /** Whether the other implementation is taken when the chosen one does not start. Default true. */
  readonly fallbackOnError?: boolean
}

/** Makes callback servers of the implementation that is asked for, with the other one to fall back to. */
export class RpcServerFactory {
  private constructor() {}

  /**
   * Starts a server, or takes hold of one, as `createAsyncXmlRpcServer` does. When the chosen implementation does not
   * start, the other one does, and `onError` and the logger are told why. What would go wrong with both is thrown: wrong
   * options, and an address that cannot be bound.
   *
   * @throws OptionError when an option is not usable, or two of them contradict each other
   * @throws BindError, ServerConflictError; FallbackFailedError when neither implementation starts
   */
  static async create(options: RpcServerFactoryOptions = {}): Promise<XmlRpcServerLease> {
    const mayFallBack = checkBoolean('fallbackOnError', options.fallbackOnError ?? true)
    const mode = chosenMode(options)
    const rest = serverPart(options)
    try {
      return await createAsyncXmlRpcServer({ ...rest, mode })
    } catch (error) {
      if (!mayFallBack || isForBoth(error)) throw error
      return fallBack({ ...rest, mode: mode === 'loop' ? 'thread' : 'loop' }, error)
    }
  }
}

const OWN_OPTIONS: ReadonlySet<string> = new Set(['useAsync', 'optionalSettings', 'fallbackOnError'])

function serverPart(options: RpcServerFactoryOptions): XmlRpcServerOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !OWN_OPTIONS.has(name)))
}

async function fallBack(options: XmlRpcServerOptions, cause: unknown): Promise<XmlRpcServerLease> {
  options.logger?.warn({ err: cause, mode: options.mode }, 'the other implementation did not start; falling back')
  callSafely('onError', () => options.onError?.(cause))
  try {
    return await createAsyncXmlRpcServer(options)
  } catch (error) {
    throw isForBoth(error) ? error : new FallbackFailedError(cause, error)
  }
}

function isForBoth(error: unknown): boolean {
  const isOption = error instanceof OptionError || error instanceof ModeOptionError
  return isOption || error instanceof BindError || error instanceof ServerConflictError
}

/** What the three ways to choose an implementation say, which have to agree. */
function chosenMode({ mode, useAsync, optionalSettings, engineHost }: RpcServerFactoryOptions): 'loop' | 'thread' {
  const wishes: (readonly [option: string, mode: 'loop' | 'thread'])[] = []
  if (mode !== undefined) wishes.push(['mode', checkOneOf('mode', mode, ['loop', 'thread'])])
  if (useAsync !== undefined) wishes.push(['useAsync', checkBoolean('useAsync', useAsync) ? 'loop' : 'thread'])
  if (optionalSettings !== undefined) wishes.push(['optionalSettings', settingsMode(optionalSettings)])
  const [first, ...others] = wishes
  if (first === undefined) return engineHost?.mode ?? 'loop'
  const contradicting = others.find(([, wished]) => wished !== first[1])
  if (contradicting === undefined) return first[1]
  const [option, wished] = contradicting
  throw new OptionError(option, `mode '${wished}'`, `what ${first[0]} says, mode '${first[1]}', or one of the two`)
}

function settingsMode(optionalSettings: readonly string[]): 'loop' | 'thread' {
  if (!Array.isArray(optionalSettings)) throw new OptionError('optionalSettings', optionalSettings, 'an array of names')
  return optionalSettings.includes(ASYNC_RPC_SERVER) ? 'loop' : 'thread'
}
